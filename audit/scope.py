"""Which chain an entry goes to. The floors above say where the current code stands; this one knows no tenants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

PLATFORM = UUID(int=0)
"""The id of the platform's own chain."""

Door = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Scope:
    """One chain: the tenant's id (the nil UUID for the platform), and a way to stand there again."""

    tenant: UUID
    enter: Door = field(compare=False)

    @property
    def is_platform(self) -> bool:
        return self.tenant == PLATFORM


Provider = Callable[[], Scope]
Finder = Callable[[str], Scope | None]
Namer = Callable[[list[UUID]], dict[UUID, str]]


@dataclass(slots=True)
class _Above:
    """What the floor above has filled in."""

    current: Provider | None = None
    platform: Door | None = None
    find: Finder | None = None


_above = _Above()


def set_scope_provider(current: Provider, platform: Door | None = None, find: Finder | None = None) -> None:
    """Tell how to find the current scope; called once from above in `AppConfig.ready()`.

    `platform` opens the platform's context, where heads, marks and verification runs of all chains stand; `find` gives
    the scope of an organization by its slug.
    """
    _above.current = current
    _above.platform = platform or _above.platform
    _above.find = find or _above.find


def current_scope() -> Scope:
    """The scope of the running code. Whatever the provider raises outside any context is passed on."""
    if _above.current is None:
        raise RuntimeError("No scope provider is set: audit.scope.set_scope_provider was not called.")
    return _above.current()


def enter_platform() -> AbstractContextManager[object]:
    """Open the platform's context."""
    if _above.platform is None:
        raise RuntimeError("No door to the platform: audit.scope.set_scope_provider was called without `platform`.")
    return _above.platform()


def platform_scope() -> Scope:
    """The platform's own chain."""
    return Scope(PLATFORM, enter_platform)


def find_scope(slug: str) -> Scope | None:
    """The chain of the organization with this slug, or None."""
    return _above.find(slug) if _above.find else None
