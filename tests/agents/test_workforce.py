"""Hiring, changing and letting go: versions, audit entries, quota."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from agents import roles, versions, workforce
from agents.exceptions import AgentArchived, InvalidAgent, RoleArchived, RoleInUse, SlugTaken, UnknownTemplate
from agents.levels import Level
from agents.models import Agent, AgentVersion, Role
from audit.models import Entry
from billing.counters import used
from billing.plans.subscriptions import set_quota
from billing.quotas import QuotaExceeded
from tenants.context import tenant_context
from tests.agents.conftest import ACTOR, MakeAgent


def last_action() -> str:
    return str(Entry.objects.order_by("-seq").values_list("action", flat=True).first())


@pytest.fixture
def agent(make_agent: MakeAgent) -> Agent:
    """A specialist of acme."""
    return make_agent("Night watch", instructions="Watch.")


@pytest.mark.promise("AGT-1")
@pytest.mark.parametrize(
    ("act", "action", "summary"),
    [
        (lambda a: workforce.update_agent(a, actor=ACTOR, name="Day watch"), "updated", "Changed name"),
        (lambda a: workforce.move_agent(a, Agent.objects.get(slug="incident-lead"), actor=ACTOR), "moved", "Changed"),
        (lambda a: workforce.pause_agent(a, actor=ACTOR), "paused", "Paused"),
        (lambda a: workforce.archive_agent(a, actor=ACTOR), "archived", "Archived"),
    ],
)
def test_each_change_makes_a_version_and_an_audit_entry(agent: Agent, act: Any, action: str, summary: str) -> None:
    changed = act(agent)
    newest = agent.versions.order_by("-number").first()
    assert newest is not None
    assert (newest.number, changed.version_number) == (2, 2)
    assert newest.config == versions.config_of(changed)
    assert newest.summary.startswith(summary)
    assert newest.actor == ACTOR
    assert last_action() == f"agents.agent.{action}"


def test_what_changes_nothing_makes_no_version(agent: Agent) -> None:
    before = Entry.objects.count()
    workforce.update_agent(agent, actor=ACTOR, name=agent.name, tools=list(agent.tools))
    workforce.resume_agent(agent, actor=ACTOR)
    assert agent.versions.count() == 1
    assert Entry.objects.count() == before


@pytest.mark.promise("AUD-2")
def test_version_entry_and_change_stand_or_fall_together(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    before = Entry.objects.count()
    monkeypatch.setattr(workforce, "record", fail)
    with pytest.raises(RuntimeError):
        workforce.update_agent(agent, actor=ACTOR, name="Day watch")
    agent.refresh_from_db()
    assert (agent.name, agent.versions.count(), Entry.objects.count()) == ("Night watch", 1, before)


@pytest.mark.promise("AGT-4")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agents_agentversion SET summary = 'never'",
        "DELETE FROM agents_agentversion",
        "TRUNCATE agents_agentversion",
    ],
)
def test_the_database_keeps_versions_as_they_are(agent: Agent, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert agent.versions.get().summary == "Created"


def test_the_model_keeps_versions_as_they_are(agent: Agent) -> None:
    version = agent.versions.get()
    with pytest.raises(TypeError):
        version.save()
    with pytest.raises(TypeError):
        version.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        AgentVersion.objects.update(summary="never")


def test_an_archived_agent_frees_its_place_and_restoring_takes_it(agent: Agent) -> None:
    before = used("agents")
    workforce.archive_agent(agent, actor=ACTOR)
    assert used("agents") == before - 1
    workforce.archive_agent(agent, actor=ACTOR)
    assert used("agents") == before - 1
    workforce.restore_agent(agent, actor=ACTOR)
    assert used("agents") == before


def test_restoring_needs_a_free_place(agent: Agent) -> None:
    workforce.archive_agent(agent, actor=ACTOR)
    set_quota("agents", Decimal(used("agents")), actor=ACTOR)
    with pytest.raises(QuotaExceeded), transaction.atomic():
        workforce.restore_agent(agent, actor=ACTOR)
    agent.refresh_from_db()
    assert agent.is_archived


def test_a_restored_agent_gets_a_manager_when_its_own_has_gone(make_agent: MakeAgent) -> None:
    lead = make_agent("Lead", Level.TEAM_LEAD)
    agent = make_agent("Watch", Level.SPECIALIST, lead)
    workforce.archive_agent(agent, actor=ACTOR)
    workforce.archive_agent(lead, actor=ACTOR)
    restored = workforce.restore_agent(agent, actor=ACTOR)
    assert restored.manager is not None
    assert restored.manager.level == Level.TEAM_LEAD


def test_an_archived_agent_is_not_changed(agent: Agent) -> None:
    workforce.archive_agent(agent, actor=ACTOR)
    with pytest.raises(AgentArchived):
        workforce.update_agent(agent, actor=ACTOR, name="Day watch")


@pytest.mark.promise("AGT-3")
def test_a_hired_agent_has_what_the_template_says(in_acme: Any) -> None:
    agent = workforce.hire("route-planner", actor=ACTOR)
    assert (agent.slug, agent.template_slug, agent.template_version) == ("route-planner", "route-planner", 1)
    assert agent.tools == ["order_stops", "route_distance", "search_directory", "hand_over"]
    assert agent.role.slug == "transport-planner"
    assert last_action() == "agents.agent.hired"


def test_who_is_hired_twice_gets_another_slug(in_acme: Any) -> None:
    slugs = [workforce.hire("concierge", actor=ACTOR).slug for _ in range(3)]
    assert slugs == ["concierge", "concierge-2", "concierge-3"]


def test_a_hire_reports_to_the_nearest_level_with_the_fewest_reports(in_acme: Any) -> None:
    manager = workforce.hire("concierge", actor=ACTOR).manager
    assert manager is not None
    assert manager.slug in {"change-lead", "code-quality-lead"}


def test_hiring_brings_a_role_that_is_missing_and_restores_one_that_is_archived(in_acme: Any) -> None:
    roles.archive_role(Role.objects.get(slug="concierge"), actor=ACTOR)
    assert not workforce.hire("concierge", actor=ACTOR).role.is_archived


def test_an_unknown_template_is_refused_with_those_there_are(in_acme: Any) -> None:
    with pytest.raises(UnknownTemplate, match="research-assistant"):
        workforce.hire("wizard", actor=ACTOR)


def test_a_slug_is_taken_once_and_stays_taken_by_the_archived(agent: Agent, make_agent: MakeAgent) -> None:
    workforce.archive_agent(agent, actor=ACTOR)
    with pytest.raises(SlugTaken):
        make_agent("Other", slug="night-watch")
    assert make_agent("Night watch").slug == "night-watch-2"


def test_names_in_any_script_get_a_slug(make_agent: MakeAgent) -> None:
    assert make_agent("Ночной дозор").slug == "agent"
    assert make_agent("夜警").slug == "agent-2"
    assert make_agent("Größe & Co").slug == "groe-co"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "x"}, "name"),
        ({"tools": ["fly"]}, "tools"),
        ({"instructions": "x" * 20_001}, "instructions"),
        ({"description": "a\x00b"}, "description"),
        ({"industry": "mining"}, "industry"),
        ({"model_policy": "gpt-99"}, "model_policy"),
    ],
)
def test_settings_that_are_not_valid_are_named(agent: Agent, changes: Any, field: str) -> None:
    with pytest.raises(InvalidAgent) as refused:
        workforce.update_agent(agent, actor=ACTOR, **changes)
    assert list(refused.value.errors) == [field]


def test_a_role_in_use_stays(agent: Agent, role: Role) -> None:
    with pytest.raises(RoleInUse, match="Night watch"):
        roles.archive_role(role, actor=ACTOR)


def test_nobody_starts_in_an_archived_role(make_agent: MakeAgent, role: Role) -> None:
    roles.archive_role(role, actor=ACTOR)
    with pytest.raises(RoleArchived):
        make_agent("Late")


def test_a_change_of_a_role_is_written_with_what_changed(role: Role) -> None:
    roles.update_role(role, actor=ACTOR, permissions=["chat.send_message"])
    assert last_action() == "agents.role.updated"


@pytest.mark.promise("TEN-3")
def test_two_tenants_with_equal_keys_and_slugs_keep_their_own(acme: Any, meridian: Any) -> None:
    for organization in (acme, meridian):
        with tenant_context(organization):
            agent = Agent.objects.get(slug="front-desk")
            workforce.update_agent(agent, actor=ACTOR, instructions=f"Secret of {organization.slug}")
    seen = {}
    for organization in (acme, meridian):
        with tenant_context(organization):
            agent = Agent.objects.get(slug="front-desk")
            seen[organization.slug] = (agent.pk, agent.instructions, str(agent.versions.order_by("-number")[0].config))
    assert seen["acme"][0] == seen["meridian"][0]
    assert seen["acme"][1] == "Secret of acme"
    assert seen["meridian"][1] == "Secret of meridian"
    assert "acme" not in seen["meridian"][2]


def test_a_tenants_role_cannot_read_anothers_agents_by_name(acme: Any, meridian: Any) -> None:
    with tenant_context(acme), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f'SELECT instructions FROM "{meridian.schema_name}".agents_agent')
