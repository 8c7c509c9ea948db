"""The tree and the quota under parallel requests, each with a control that shows the test can fail."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction

from agents import hierarchy, workforce
from agents.exceptions import LevelRefused
from agents.levels import Level
from agents.models import Agent, AgentVersion, Role
from billing.counters import used
from billing.quotas import QuotaExceeded
from tenants.context import tenant_context
from tests.agents.conftest import ACTOR

Founded = Callable[..., Any]


def at_once(organization: Any, *calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads of their own that start together; returns results and exceptions."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            with tenant_context(organization):
                barrier.wait(timeout=30)
                return call()
        except Exception as error:
            return error
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def new(name: str, level: Level) -> Agent:
    role = Role.objects.get(slug="researcher")
    return workforce.create_agent(workforce.NewAgent(name=name, role=role, level=level), actor=ACTOR)


def race_of_move_and_demotion(organization: Any) -> list[Any]:
    """One person puts a team lead under a manager while another makes that manager a specialist."""
    with tenant_context(organization):
        lead, manager = new("Lead", Level.TEAM_LEAD), new("Manager", Level.MANAGER)
    return at_once(
        organization,
        lambda: workforce.move_agent(lead, manager, actor=ACTOR),
        lambda: workforce.update_agent(manager, actor=ACTOR, level=Level.SPECIALIST),
    )


@pytest.mark.promise("AGT-2")
def test_of_two_changes_that_do_not_fit_together_one_is_refused(founded: Founded) -> None:
    organization = founded()
    for _ in range(5):
        results = race_of_move_and_demotion(organization)
        assert sum(isinstance(result, LevelRefused) for result in results) == 1
        assert sum(isinstance(result, Agent) for result in results) == 1


def test_control_without_the_lock_both_pass_and_the_tree_is_broken(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the lock both look at the tree before either has written.
    meeting = Barrier(2)
    original = hierarchy.check_place

    def check_and_wait(agent: Agent, manager: Agent | None, tree: hierarchy.Tree) -> None:
        original(agent, manager, tree)
        if agent.pk:
            meeting.wait(timeout=30)

    monkeypatch.setattr(hierarchy, "lock_tree", lambda: None)
    monkeypatch.setattr(hierarchy, "check_place", check_and_wait)
    results = race_of_move_and_demotion(founded())
    assert [result for result in results if not isinstance(result, Agent)] == []


@pytest.mark.promise("BIL-3")
def test_parallel_hires_stop_at_the_plans_ten_agents(founded: Founded) -> None:
    organization = founded(plan="basic")
    results = at_once(organization, *[lambda: workforce.hire("research-assistant", actor=ACTOR)] * 5)
    with tenant_context(organization):
        assert Agent.objects.employed().count() == used("agents") == 10
        assert AgentVersion.objects.count() == 10
    assert sum(isinstance(result, Agent) for result in results) == 2
    assert sum(isinstance(result, QuotaExceeded) for result in results) == 3


def test_parallel_changes_make_versions_without_gaps(founded: Founded) -> None:
    organization = founded()
    with tenant_context(organization):
        agent = Agent.objects.get(slug="front-desk")
    calls = [lambda text=text: workforce.update_agent(agent, actor=ACTOR, description=text) for text in "abcd"]
    at_once(organization, *calls)
    with tenant_context(organization):
        assert sorted(agent.versions.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_a_refused_hire_leaves_nothing_behind(founded: Founded) -> None:
    organization = founded(plan="basic")
    with tenant_context(organization):
        for _ in range(2):
            workforce.hire("concierge", actor=ACTOR)
        with pytest.raises(QuotaExceeded), transaction.atomic():
            workforce.hire("concierge", actor=ACTOR)
        assert used("agents") == 10
        assert Agent.objects.count() == AgentVersion.objects.count() == 10
