"""Hiring, changing, moving, pausing and archiving agents.

Each use case makes a version and an audit entry in the same transaction as the change, names the actor, and is called
by pages, REST and jobs alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from agents import hierarchy, tools, versions
from agents.catalogue import Template, find_template
from agents.config import MODEL_POLICIES, check_settings
from agents.exceptions import AgentArchived, HasReports, InvalidAgent, RoleArchived, SlugTaken, StaleVersion
from agents.levels import Level
from agents.models import SLUG_LENGTH, Agent, AgentVersion, Role
from agents.policies import MemoryPolicy
from agents.roles import role_for_template
from audit.chain import record
from billing.quotas import claim, release
from routing.providers.catalogue import catalogue
from tenants.context import current_tenant
from tenants.exceptions import NotFound

KEPT_SLUGS = frozenset({"hire", "new", "roles"})  # taken by pages beside /agents/<slug>/


@dataclass(frozen=True, slots=True)
class NewAgent:
    """What an agent is created with. `level` defaults to the role's, `slug` comes from the name."""

    name: str
    role: Role
    level: Level | None = None
    manager: Agent | None = None
    slug: str = ""
    industry: str = ""
    icon: str = "briefcase"
    instructions: str = ""
    description: str = ""
    tools: tuple[str, ...] | None = None
    model_policy: str = "auto"
    memory_policy: MemoryPolicy = field(default_factory=MemoryPolicy)
    template_slug: str = ""
    template_version: int | None = None


GENERAL_ROLES = {
    Level.EXECUTIVE: "chief-executive",
    Level.SENIOR_MANAGER: "senior-manager",
    Level.MANAGER: "manager",
    Level.TEAM_LEAD: "team-lead",
    Level.SPECIALIST: "generalist",
}


def new_agent(*, role: Role | None = None, level: Level | None = None, **values: Any) -> NewAgent:
    """Build a NewAgent from what a form or request gave; without a role it is the level's general one."""
    if role is None:
        role = Role.objects.filter(slug=GENERAL_ROLES[level or Level.SPECIALIST]).first()
    if role is None:
        raise InvalidAgent("role: name the agent's role.", errors={"role": ["is required"]})
    if "tools" in values:
        values["tools"] = tuple(values["tools"])
    return NewAgent(role=role, level=level, **values)


class AgentChanges(TypedDict, total=False):
    """What `update_agent` can change; what is absent stays."""

    name: str
    role: Role
    level: Level
    manager: Agent | None
    industry: str
    icon: str
    instructions: str
    description: str
    tools: list[str]
    model_policy: str
    memory_policy: MemoryPolicy


def create_agent(new: NewAgent, *, actor: str) -> Agent:
    """Create an agent and its first version.

    Raises InvalidAgent, SlugTaken, LevelRefused, QuotaExceeded. Writes `agents.agent.created`, or
    `agents.agent.hired` for one from the catalogue, in the same transaction.
    """
    with transaction.atomic():
        hierarchy.lock_tree()
        _check_role(new.role)
        _check_model(new.model_policy)
        agent = build_agent(new, taken=set(Agent.objects.values_list("slug", flat=True)))
        hierarchy.check_place(agent, agent.manager, hierarchy.load_tree())
        claim("agents")
        agent.save(force_insert=True)
        hired = bool(agent.template_slug)
        versions.snapshot(agent, summary="Hired" if hired else "Created", actor=actor).save()
        record_change("hired" if hired else "created", agent, actor, config=versions.config_of(agent))
    return agent


def build_agent(new: NewAgent, *, taken: set[str]) -> Agent:
    """Return the unsaved, checked agent. `taken` are the slugs in use, archived agents' too.

    Raises SlugTaken when the slug was asked for by name; one derived from the name gets a number instead.
    """
    if new.slug and new.slug in taken | KEPT_SLUGS:
        raise SlugTaken(f"The slug {new.slug} is taken. Choose another.", errors={"slug": ["is taken"]})
    values: dict[str, Any] = {
        "slug": new.slug or _free_slug(new.name, taken),
        "name": new.name,
        "level": new.level or new.role.level,
        "industry": new.industry or current_tenant().industry,
        "icon": new.icon,
        "instructions": new.instructions,
        "description": new.description,
        "tools": list(new.role.tools if new.tools is None else new.tools),
        "model_policy": new.model_policy,
        "memory_policy": new.memory_policy,
    }
    settings = check_settings(values).model_dump()
    return Agent(
        **settings,
        role=new.role,
        manager=new.manager,
        template_slug=new.template_slug,
        template_version=new.template_version,
    )


def _free_slug(name: str, taken: set[str]) -> str:
    base = slugify(name)[: SLUG_LENGTH - 4].strip("-_").replace("_", "-") or "agent"
    number, slug = 1, base
    while slug in taken or slug in KEPT_SLUGS:
        number += 1
        slug = f"{base}-{number}"
    return slug


def hire(template_slug: str, *, actor: str, manager: Agent | None = None, name: str = "", slug: str = "") -> Agent:
    """Hire an agent from the catalogue, with its role, instructions and tools; all can be changed afterwards.

    Without `manager` it reports to the lowest suitable one (`suitable_manager`). Raises UnknownTemplate and what
    `create_agent` raises. Writes `agents.agent.hired`.
    """
    template = find_template(template_slug)
    with transaction.atomic():
        role = role_for_template(template, actor=actor)
        chosen = manager or suitable_manager(template.level)
        return create_agent(from_template(template, role=role, manager=chosen, name=name, slug=slug), actor=actor)


def from_template(template: Template, *, role: Role, manager: Agent | None, name: str = "", slug: str = "") -> NewAgent:
    """What the catalogue's template makes of a new agent."""
    if not slug and not name and not Agent.objects.filter(slug=template.slug).exists():
        slug = template.slug
    return NewAgent(
        name=name or template.name,
        role=role,
        level=template.level,
        manager=manager,
        slug=slug,
        industry=template.industry,
        icon=template.icon,
        instructions=template.instructions,
        description=template.description,
        tools=tuple(tools.registered(template.tools)),
        model_policy=template.model_policy,
        memory_policy=template.memory,
        template_slug=template.slug,
        template_version=template.version,
    )


def suitable_manager(level: Level, tree: hierarchy.Tree | None = None) -> Agent | None:
    """The active agent of the nearest level above with the fewest reports; None when nobody stands above."""
    tree = tree or hierarchy.load_tree()
    above = [each for each in tree.agents.values() if each.is_active and Level(each.level).is_above(level)]
    return min(above, key=lambda each: (-Level(each.level).rank, len(tree.reports(each)), each.pk), default=None)


def update_agent(
    agent: Agent,
    *,
    actor: str,
    expected_version: int | None = None,
    summary: str = "",
    **changes: Unpack[AgentChanges],
) -> Agent:
    """Change settings and place of an agent; returns it as it is now. Nothing changed makes no version.

    `expected_version` is the version number the change was based on. Raises StaleVersion when somebody was faster,
    AgentArchived, InvalidAgent, CycleRefused, LevelRefused. Writes `agents.agent.updated` (`moved` when the
    manager alone changed).
    """
    with transaction.atomic():
        locked = _locked(agent, moves="manager" in changes or "level" in changes)
        if locked.is_archived:
            raise AgentArchived(f"{locked.name} is archived. Restore it first.")
        if expected_version is not None and locked.version_number != expected_version:
            raise StaleVersion(
                f"{locked.name} is at version {locked.version_number}, the change was made to version "
                f"{expected_version}. Look at what changed, then try again.",
                extra={"version": locked.version_number},
            )
        before = versions.config_of(locked)
        if "role" in changes:
            _check_role(changes["role"])
        if "model_policy" in changes and changes["model_policy"] != locked.model_policy:
            _check_model(changes["model_policy"])
        _apply(locked, changes)
        _save_change(locked, before, actor=actor, summary=summary)
    return locked


def move_agent(agent: Agent, manager: Agent | None, *, actor: str) -> Agent:
    """Give the agent another manager, or none (a root). Raises CycleRefused, LevelRefused, AgentArchived."""
    return update_agent(agent, actor=actor, manager=manager)


def restore_version(agent: Agent, number: int, *, actor: str) -> Agent:
    """Give the agent the settings of an earlier version, as a new version; place and status stay as they are.

    A role or tool that is gone meanwhile stays as it is now, or is left out. Raises NotFound, AgentArchived. Writes
    `agents.agent.updated`.
    """
    version = AgentVersion.objects.filter(agent=agent, number=number).first()
    if version is None:
        raise NotFound(f"{agent.name} has no version {number}.")
    config = version.config
    changes: AgentChanges = {
        "name": config["name"],
        "industry": config["industry"],
        "icon": config["icon"],
        "instructions": config["instructions"],
        "description": config["description"],
        "tools": tools.registered(config["tools"]),
        "model_policy": config["model_policy"],
        "memory_policy": MemoryPolicy(**config["memory_policy"]),
    }
    role = Role.objects.filter(slug=config["role"], archived_at=None).first()
    if role is not None:
        changes["role"] = role
    return update_agent(agent, actor=actor, summary=f"Back to version {number}", **changes)


def pause_agent(agent: Agent, *, actor: str) -> Agent:
    """Take the agent off duty: it keeps its place and answers nobody. Writes `agents.agent.paused`."""
    return _set_status(agent, Agent.Status.PAUSED, "paused", "Paused", actor=actor)


def resume_agent(agent: Agent, *, actor: str) -> Agent:
    """Put a paused agent back on duty. Writes `agents.agent.resumed`."""
    return _set_status(agent, Agent.Status.ACTIVE, "resumed", "Back on duty", actor=actor)


def archive_agent(agent: Agent, *, actor: str) -> Agent:
    """Let the agent go: it answers nobody, leaves the tree and the quota; versions and conversations stay.

    Raises HasReports, naming them, while others report to it. Writes `agents.agent.archived`.
    """
    with transaction.atomic():
        locked = _locked(agent, moves=True)
        if locked.is_archived:
            return locked
        reports = hierarchy.load_tree().reports(locked)
        if reports:
            raise HasReports(locked.name, [each.name for each in reports])
        before = versions.config_of(locked)
        locked.status, locked.archived_at = Agent.Status.ARCHIVED, timezone.now()
        release("agents")
        _save_change(locked, before, actor=actor, verb="archived", summary="Archived")
    return locked


def restore_agent(agent: Agent, *, actor: str, manager: Agent | None = None) -> Agent:
    """Bring an archived agent back on duty, under `manager` or else its former one if that still fits.

    Raises QuotaExceeded, LevelRefused. Writes `agents.agent.restored`.
    """
    with transaction.atomic():
        locked = _locked(agent, moves=True)
        if not locked.is_archived:
            return locked
        claim("agents")
        before = versions.config_of(locked)
        former = locked.manager
        if manager is None and former is not None and not former.is_archived:
            manager = former
        locked.manager = manager or suitable_manager(Level(locked.level))
        hierarchy.check_place(locked, locked.manager, hierarchy.load_tree())
        locked.status, locked.archived_at = Agent.Status.ACTIVE, None
        _save_change(locked, before, actor=actor, verb="restored", summary="Restored")
    return locked


def find_agent(public_id: UUID) -> Agent | None:
    return Agent.objects.select_related("role", "manager").filter(public_id=public_id).first()


def _locked(agent: Agent, *, moves: bool) -> Agent:
    # The tree's lock comes before the row's, in every use case, so that two of them never wait for each other.
    if moves:
        hierarchy.lock_tree()
    return Agent.objects.select_related("role", "manager").select_for_update(of=("self",), no_key=True).get(pk=agent.pk)


def _check_role(role: Role) -> None:
    # Locked, so that it is not archived between this look and the end of the transaction.
    if Role.objects.select_for_update(no_key=True).get(pk=role.pk).is_archived:
        raise RoleArchived(f"The role {role.name} is archived. Choose another, or restore it.")


def _check_model(policy: str) -> None:
    if policy in MODEL_POLICIES or catalogue().find(policy):
        return
    names = ", ".join(sorted({option.model for option in catalogue().usable()}))
    words = f"no such model: {policy}. Use auto, small, large, or one of {names or 'none'}"
    raise InvalidAgent(f"model_policy: {words}", errors={"model_policy": [words]})


def _apply(agent: Agent, changes: AgentChanges) -> None:
    for name, value in changes.items():
        setattr(agent, name, value)
    settings = check_settings({name: getattr(agent, name) for name in _SETTINGS})
    for name, value in settings.model_dump().items():
        setattr(agent, name, value)
    if "manager" in changes or "level" in changes:
        hierarchy.check_place(agent, agent.manager, hierarchy.load_tree())


_SETTINGS = (
    "slug",
    "name",
    "level",
    "industry",
    "icon",
    "instructions",
    "description",
    "tools",
    "model_policy",
    "memory_policy",
)


def _set_status(agent: Agent, status: str, verb: str, summary: str, *, actor: str) -> Agent:
    with transaction.atomic():
        locked = _locked(agent, moves=False)
        if locked.is_archived:
            raise AgentArchived(f"{locked.name} is archived. Restore it first.")
        before = versions.config_of(locked)
        locked.status = status
        _save_change(locked, before, actor=actor, verb=verb, summary=summary)
    return locked


def _save_change(agent: Agent, before: dict[str, Any], *, actor: str, verb: str = "", summary: str = "") -> None:
    after = versions.config_of(agent)
    fields = versions.changed_fields(before, after)
    if not fields:
        return
    agent.version_number += 1
    agent.save()
    versions.snapshot(agent, summary=summary or versions.summary_of(fields), actor=actor).save()
    record_change(
        verb or ("moved" if fields == ["manager"] else "updated"),
        agent,
        actor,
        changes={name: {"from": before[name], "to": after[name]} for name in fields},
        manager=agent.manager.name if agent.manager is not None else "nobody",
    )


def record_change(verb: str, agent: Agent, actor: str, **facts: Any) -> None:
    """Write `agents.agent.<verb>` to the chain, in the caller's transaction."""
    record(
        action=f"agents.agent.{verb}",
        target=agent.target,
        actor=actor,
        payload={"name": agent.name, "slug": agent.slug, "version": agent.version_number, **facts},
    )
