"""The team a new organization starts with: five levels, a front desk, IT service management, its industry's agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from django.utils.text import slugify

from agents import versions, workforce
from agents.catalogue import find_template, load_catalogue
from agents.levels import Level
from agents.models import Agent, AgentVersion, Role
from agents.roles import create_catalogue_roles
from billing.limits import load_limits
from billing.quotas import claim
from tenants.models import Organization
from tenants.provisioning import register_step

STEP = "Hire the first agents"
ACTOR = "system:provisioning"
# Plans with fewer places get the small team, so that there is room to hire.
FULL_TEAM_FROM = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a team: who (a template), under which name, reporting to which slug."""

    template: str
    name: str
    manager: str | None

    @property
    def slug(self) -> str:
        """Specialists keep the slug of their template, under which people know them; managers get their name's."""
        template = find_template(self.template)
        return template.slug if template.level == Level.SPECIALIST else slugify(self.name)


@dataclass(frozen=True, slots=True)
class Branch:
    """An industry's own line: its specialist and the titles above it."""

    specialist: str
    director: str
    manager: str
    lead: str


BRANCHES = {
    "finance": Branch("risk-calculator", "Finance director", "Risk manager", "Risk lead"),
    "healthcare": Branch("medical-report", "Clinical director", "Records manager", "Medical reports lead"),
    "retail": Branch("inventory-optimizer", "Retail director", "Supply manager", "Inventory lead"),
    "manufacturing": Branch("quality-inspector", "Plant director", "Quality manager", "Inspection lead"),
    "logistics": Branch("route-planner", "Logistics director", "Transport manager", "Routing lead"),
    "technology": Branch("code-reviewer", "Engineering director", "Platform manager", "Code quality lead"),
    "hospitality": Branch("concierge", "Guest services director", "Guest relations manager", "Concierge lead"),
    "general": Branch("research-assistant", "Business director", "Knowledge manager", "Research lead"),
}


def register() -> None:
    """Called from `AppConfig.ready()`."""
    register_step(STEP, hire_first_agents)


def hire_first_agents(organization: Organization) -> None:
    """Create the catalogue's roles and the starter team, in bulk; safe to repeat.

    Writes `agents.role.created` and `agents.agent.hired` for each, in the caller's transaction.
    """
    if Agent.objects.exists():
        return
    roles = create_catalogue_roles(load_catalogue().roles, actor=ACTOR)
    limit = load_limits().of("agents")
    choose_team = small_team if limit is not None and limit < FULL_TEAM_FROM else full_team
    places = choose_team(organization.industry)
    team: dict[str, Agent] = {}
    for _, level in groupby(places, key=lambda place: find_template(place.template).level):
        rows = [_build(place, roles, team) for place in level]
        team |= {agent.slug: agent for agent in Agent.objects.bulk_create(rows)}
    claim("agents", len(team))
    AgentVersion.objects.bulk_create(
        [versions.snapshot(agent, summary="Hired", actor=ACTOR) for agent in team.values()]
    )
    for agent in team.values():
        workforce.record_change("hired", agent, ACTOR, config=versions.config_of(agent))


def small_team(industry: str) -> list[Place]:
    """Eight agents, from the top down."""
    return [
        Place("ceo", "Chief executive", None),
        Place("senior-manager", "Operations director", "chief-executive"),
        Place("manager", "Service manager", "operations-director"),
        Place("team-lead", "Service lead", "service-manager"),
        Place("front-desk", "Front desk", "service-lead"),
        Place("incident-manager", "Incident manager", "service-lead"),
        Place("service-request-manager", "Service request manager", "service-lead"),
        _specialist(industry, "service-lead"),
    ]


def full_team(industry: str) -> list[Place]:
    """Fifteen agents in two lines, level by level from the top."""
    branch = BRANCHES.get(industry, BRANCHES["general"])
    return [
        Place("ceo", "Chief executive", None),
        Place("senior-manager", "Operations director", "chief-executive"),
        Place("senior-manager", branch.director, "chief-executive"),
        Place("manager", "IT service manager", "operations-director"),
        Place("manager", branch.manager, slugify(branch.director)),
        Place("team-lead", "Service desk lead", "it-service-manager"),
        Place("team-lead", "Incident lead", "it-service-manager"),
        Place("team-lead", "Change lead", "it-service-manager"),
        Place("team-lead", branch.lead, slugify(branch.manager)),
        Place("front-desk", "Front desk", "service-desk-lead"),
        Place("service-request-manager", "Service request manager", "service-desk-lead"),
        Place("incident-manager", "Incident manager", "incident-lead"),
        Place("problem-manager", "Problem manager", "incident-lead"),
        Place("change-manager", "Change manager", "change-lead"),
        _specialist(industry, slugify(branch.lead)),
    ]


def _specialist(industry: str, manager: str) -> Place:
    template = find_template(BRANCHES.get(industry, BRANCHES["general"]).specialist)
    return Place(template.slug, template.name, manager)


def _build(place: Place, roles: Mapping[str, Role], team: Mapping[str, Agent]) -> Agent:
    template = find_template(place.template)
    manager = team[place.manager] if place.manager else None
    new = workforce.from_template(
        template, role=roles[template.role], manager=manager, name=place.name, slug=place.slug
    )
    return workforce.build_agent(new, taken=set(team))
