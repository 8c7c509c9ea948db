"""The first team of a new organization."""

from __future__ import annotations

from typing import Any

import pytest

from agents import hierarchy, starter
from agents.catalogue import find_template
from agents.levels import Level
from agents.models import Agent, AgentVersion, Role
from billing.quotas import usage_overview
from tenants.context import tenant_context
from tenants.models import Organization


@pytest.mark.promise("AGT-2")
def test_a_new_organization_has_a_tree_of_five_levels(in_acme: Any) -> None:
    tree = hierarchy.load_tree()
    assert [agent.name for agent in tree.roots] == ["Chief executive"]
    assert {agent.level for agent in tree.agents.values()} == set(Level)


def test_it_has_a_front_desk_incident_management_and_the_agent_of_its_industry(acme: Any, meridian: Any) -> None:
    for organization, specialist in ((acme, "code-reviewer"), (meridian, "medical-report")):
        with tenant_context(organization):
            slugs = set(Agent.objects.values_list("slug", flat=True))
        assert {"front-desk", "incident-manager", specialist} <= slugs


def test_the_first_agents_count_in_the_quota(in_acme: Any) -> None:
    use = next(each for each in usage_overview() if each.quota.name == "agents")
    assert use.used == Agent.objects.employed().count() == 15


def test_each_first_agent_has_its_version_and_its_roles_exist(in_acme: Any) -> None:
    assert AgentVersion.objects.count() == Agent.objects.count()
    assert Role.objects.filter(slug="incident-manager").exists()


def test_hiring_the_first_agents_again_hires_nobody(in_acme: Any, acme: Any) -> None:
    before = Agent.objects.count()
    starter.hire_first_agents(acme)
    assert Agent.objects.count() == before


@pytest.mark.parametrize("industry", Organization.Industry.values)
@pytest.mark.parametrize("team", [starter.small_team, starter.full_team])
def test_every_industry_has_a_team_whose_managers_stand_above(team: Any, industry: str) -> None:
    places = {place.slug: place for place in team(industry)}
    for place in places.values():
        level = find_template(place.template).level
        if place.manager is None:
            assert level == Level.EXECUTIVE
        else:
            assert find_template(places[place.manager].template).level.is_above(level)


def test_the_small_team_leaves_room_on_the_basic_plan() -> None:
    assert len(starter.small_team("general")) == 8
