"""Which chain an entry goes to. The floors above say where the current code stands; this one knows no tenants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

PLATFORM = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Scope:
    """One chain: the tenant's id (the nil UUID for the platform), and a way to stand there again."""

    tenant: UUID
    enter: Callable[[], AbstractContextManager[object]] = field(compare=False)

    @property
    def is_platform(self) -> bool:
        return self.tenant == PLATFORM


_providers: list[Callable[[], Scope]] = []


def set_scope_provider(provider: Callable[[], Scope]) -> None:
    """Tell how to find the current scope; called once from above in `AppConfig.ready()`."""
    _providers[:] = [provider]


def current_scope() -> Scope:
    """The scope of the running code. Whatever the provider raises outside any context is passed on."""
    if not _providers:
        raise RuntimeError("No scope provider is set: audit.scope.set_scope_provider was not called.")
    return _providers[0]()
