"""Where the current code stands: in a tenant, on the platform, or nowhere.

One context variable, read by the database backend at each cursor, by the cache's key function and by everything that
names keys or groups. Context variables follow `await`, `asyncio.create_task` and `sync_to_async`, which a
per-thread connection does not. Other code uses the doors in `tenants.context`.
"""

from __future__ import annotations

import re
from contextvars import ContextVar, Token
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from tenants.exceptions import NoTenantContext

PLATFORM_ID = UUID(int=0)
SCHEMA_NAME = re.compile(r"t_[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class Tenant:
    """What code inside a tenant may know of the organization, without asking the database again."""

    id: UUID
    schema_name: str
    slug: str
    name: str
    industry: str
    status: str

    @property
    def is_active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Position:
    """A database position: the schema that comes first, and the role that acts there."""

    schema_name: str
    role: str

    @property
    def search_path(self) -> str:
        return "public" if self.schema_name == "public" else f'"{self.schema_name}", public'


_position: ContextVar[Position | None] = ContextVar("orchestrall_position", default=None)
_tenant: ContextVar[Tenant | None] = ContextVar("orchestrall_tenant", default=None)

Tokens = tuple[Token[Position | None], Token[Tenant | None]]


def current() -> Position | None:
    return _position.get()


def require() -> Position:
    """Return the current position. Raises NoTenantContext when there is none: nothing falls back to `public`."""
    position = _position.get()
    if position is None:
        raise NoTenantContext
    return position


def tenant_or_none() -> Tenant | None:
    return _tenant.get()


def position_of(schema_name: str) -> Position:
    """The position of a schema: `public` acts as the platform role, a tenant's schema as the role of its name."""
    if schema_name == "public":
        return Position("public", settings.DATABASE_ROLES["platform"])
    if not SCHEMA_NAME.match(schema_name):
        raise ValueError(f"Not a tenant's schema name: {schema_name!r}")
    return Position(schema_name, schema_name)


def enter(position: Position | None, tenant: Tenant | None) -> Tokens:
    return _position.set(position), _tenant.set(tenant)


def leave(tokens: Tokens) -> None:
    _position.reset(tokens[0])
    _tenant.reset(tokens[1])


def enter_schema(schema_name: str) -> None:
    """Serve django-tenants' `set_tenant` and `set_schema`; without a `Tenant`, keys and groups refuse."""
    enter(position_of(schema_name), None)
