"""The one table of permissions: who may do what inside an organization.

A permission names the least member role that has it and the scope an API key needs for it. Least privilege is the
default: a permission that is not in the table belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Scope = Literal["read", "write", "chat", "admin"]

ROLES = ("viewer", "operator", "manager", "admin", "owner")
ROLE_CHOICES = [(role, role.capitalize()) for role in reversed(ROLES)]
ROLE_WORDS = {
    "owner": "Everything, including deleting the organization and naming other owners.",
    "admin": "Members, keys, plan and settings, and all that a manager may.",
    "manager": "Hires, changes and releases agents; verifies the audit chain.",
    "operator": "Talks to agents and works on tickets.",
    "viewer": "May look at everything but keys, and change nothing.",
}
SCOPES: dict[Scope, str] = {
    "read": "Read agents, tickets, conversations, usage and the audit chain",
    "write": "Create and change agents and tickets",
    "chat": "Ask agents and models, which costs money",
    "admin": "Members, keys and settings of the organization",
}
DEFAULT_SCOPES: tuple[Scope, ...] = ("read", "write", "chat")


@dataclass(frozen=True, slots=True)
class Permission:
    role: str
    scope: Scope


PERMISSIONS: dict[str, Permission] = {
    "tenants.view_organization": Permission("viewer", "read"),
    "tenants.view_member": Permission("viewer", "read"),
    "agents.view_agent": Permission("viewer", "read"),
    "tickets.view_ticket": Permission("viewer", "read"),
    "billing.view_usage": Permission("viewer", "read"),
    "routing.view_decision": Permission("viewer", "read"),
    "audit.view_entry": Permission("viewer", "read"),
    "chat.view_conversation": Permission("viewer", "read"),
    "chat.send_message": Permission("operator", "chat"),
    "routing.use_router": Permission("operator", "chat"),
    "tickets.add_ticket": Permission("operator", "write"),
    "tickets.change_ticket": Permission("operator", "write"),
    "agents.add_agent": Permission("manager", "write"),
    "agents.change_agent": Permission("manager", "write"),
    "agents.archive_agent": Permission("manager", "write"),
    "agents.change_role": Permission("manager", "write"),
    "audit.verify_chain": Permission("manager", "write"),
    "tenants.change_organization": Permission("admin", "admin"),
    "tenants.change_member": Permission("admin", "admin"),
    "tenants.view_key": Permission("admin", "admin"),
    "tenants.change_key": Permission("admin", "admin"),
    "billing.change_plan": Permission("admin", "admin"),
    "tenants.delete_organization": Permission("owner", "admin"),
}


def role_rank(role: str) -> int:
    """Rank of a member role, 0 (viewer) to 4 (owner). Raises ValueError for an unknown one."""
    return ROLES.index(role)


def role_allows(role: str, perm: str) -> bool:
    known = PERMISSIONS.get(perm)
    return known is not None and role_rank(role) >= role_rank(known.role)


def scopes_allow(scopes: Iterable[str], perm: str) -> bool:
    """Whether a key with `scopes` may do `perm`. What takes an owner takes a person: no key has it."""
    known = PERMISSIONS.get(perm)
    return known is not None and known.role != "owner" and known.scope in set(scopes)


def permissions_of(role: str) -> list[str]:
    return [name for name in PERMISSIONS if role_allows(role, name)]
