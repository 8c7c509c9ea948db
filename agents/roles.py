"""Roles of agents: create, change, archive; each with its audit entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from agents import tools
from agents.catalogue import RoleTemplate, Template, role_template
from agents.exceptions import InvalidAgent, RoleInUse, SlugTaken
from agents.levels import Level
from agents.models import SLUG_LENGTH, Agent, Role
from audit.chain import record
from tenants.permissions import PERMISSIONS


class RoleChanges(TypedDict, total=False):
    name: str
    level: Level
    description: str
    permissions: list[str]
    tools: list[str]


def create_role(*, actor: str, slug: str = "", **values: Unpack[RoleChanges]) -> Role:
    """Create a role. Raises InvalidAgent for unknown permissions or tools, SlugTaken. Writes `agents.role.created`."""
    role = Role(slug=slug or slugify(values["name"])[:SLUG_LENGTH].strip("-_").replace("_", "-") or "role", **values)
    _check(role)
    with transaction.atomic():
        try:
            with transaction.atomic():
                role.save(force_insert=True)
        except IntegrityError:
            raise SlugTaken(f"There is a role {role.slug} already.", errors={"slug": ["is taken"]}) from None
        _record("created", role, actor, config=_config(role))
    return role


def update_role(role: Role, *, actor: str, **changes: Unpack[RoleChanges]) -> Role:
    """Change a role; its agents keep their own tools, and lose at once what its permissions no longer allow.

    Raises InvalidAgent. Writes `agents.role.updated` with what changed; nothing changed writes nothing.
    """
    with transaction.atomic():
        locked = Role.objects.select_for_update().get(pk=role.pk)
        before = _config(locked)
        for name, value in changes.items():
            setattr(locked, name, value)
        _check(locked)
        after = _config(locked)
        changed = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
        if changed:
            locked.save()
            _record("updated", locked, actor, changes=changed)
    return locked


def archive_role(role: Role, *, actor: str) -> Role:
    """Put the role away. Raises RoleInUse, naming the agents, while any has it. Writes `agents.role.archived`."""
    with transaction.atomic():
        locked = Role.objects.select_for_update().get(pk=role.pk)
        if locked.is_archived:
            return locked
        names = list(Agent.objects.employed().filter(role=locked).values_list("name", flat=True)[:20])
        if names:
            raise RoleInUse(locked.name, names)
        locked.archived_at = timezone.now()
        locked.save(update_fields=["archived_at", "updated_at"])
        _record("archived", locked, actor)
    return locked


def restore_role(role: Role, *, actor: str) -> Role:
    """Bring an archived role back. Writes `agents.role.restored`."""
    with transaction.atomic():
        locked = Role.objects.select_for_update().get(pk=role.pk)
        if locked.is_archived:
            locked.archived_at = None
            locked.save(update_fields=["archived_at", "updated_at"])
            _record("restored", locked, actor)
    return locked


def role_for_template(template: Template, *, actor: str) -> Role:
    """The role the template asks for, created from the catalogue when the tenant does not have it."""
    found = Role.objects.filter(slug=template.role).first()
    if found is not None:
        return restore_role(found, actor=actor) if found.is_archived else found
    return create_role(actor=actor, slug=template.role, **_values(role_template(template.role)))


def create_catalogue_roles(slugs: Iterable[str], *, actor: str) -> dict[str, Role]:
    """Create the catalogue's roles of these slugs at once, for a new organization; returns them by slug."""
    made = [Role(slug=slug, **_values(role_template(slug))) for slug in dict.fromkeys(slugs)]
    Role.objects.bulk_create(made)
    for role in made:
        _record("created", role, actor, config=_config(role))
    return {role.slug: role for role in made}


def _values(template: RoleTemplate) -> RoleChanges:
    return {
        "name": template.name,
        "level": template.level,
        "description": template.description,
        "permissions": list(template.permissions),
        "tools": tools.registered(template.tools),
    }


def _check(role: Role) -> None:
    errors: dict[str, list[str]] = {}
    wrong = [name for name in role.permissions if name not in PERMISSIONS]
    if wrong:
        errors["permissions"] = [f"no such permission: {', '.join(wrong)}"]
    missing = [name for name in role.tools if tools.find_tool(name) is None]
    if missing:
        errors["tools"] = [f"no such tool: {', '.join(missing)}"]
    if errors:
        raise InvalidAgent("; ".join(f"{name}: {words[0]}" for name, words in errors.items()), errors=errors)


def _config(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "level": str(role.level),
        "description": role.description,
        "permissions": list(role.permissions),
        "tools": list(role.tools),
    }


def _record(verb: str, role: Role, actor: str, **facts: Any) -> None:
    record(
        action=f"agents.role.{verb}",
        target=f"agents.role:{role.public_id}",
        actor=actor,
        payload={"name": role.name, "slug": role.slug, **facts},
    )
