"""Names of actors. This app knows ids; whoever knows people, keys and agents registers how to name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from audit.scope import PLATFORM

Namer = Callable[[set[UUID]], Mapping[UUID, str]]
_namers: dict[str, Namer] = {}

UNNAMED = {
    "person": "A former member",
    "key": "A former key",
    "agent": "A former agent",
    "tenant": "A deleted organization",
}


def register_namer(kind: str, namer: Namer) -> None:
    """Tell how those of a kind (`person`, `key`, `agent`, `tenant`) are called: `namer(ids)` gives names by id."""
    _namers[kind] = namer


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Return a name for each actor, one call per kind."""
    wanted = set(actors)
    names = {actor: _plain(actor) for actor in wanted}
    for kind, namer in _namers.items():
        ids = {UUID(actor.partition(":")[2]) for actor in wanted if actor.startswith(f"{kind}:")}
        found = namer(ids) if ids else {}
        names.update({f"{kind}:{public_id}": name for public_id, name in found.items()})
    return names


def _plain(actor: str) -> str:
    kind, _, name = actor.partition(":")
    return UNNAMED.get(kind) or name.replace("-", " ").replace("_", " ").capitalize()


def chain_names(tenants: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of chains: their organizations', and "Platform"."""
    names = names_of(f"tenant:{tenant}" for tenant in tenants if tenant != PLATFORM)
    return {UUID(key.partition(":")[2]): name for key, name in names.items()} | {PLATFORM: "Platform"}
