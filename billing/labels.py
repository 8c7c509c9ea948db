"""Names of agents for pages and exports: billing knows ids and slugs, the floor above knows the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AgentLabel:
    name: str
    url: str = ""
    icon: str = "headset"


Labeller = Callable[[Iterable[UUID]], dict[UUID, AgentLabel]]
_labellers: list[Labeller] = []


def register_agent_labels(labeller: Labeller) -> None:
    """Set who names agents by public id, from `AppConfig.ready()`; the latest wins."""
    _labellers[:] = [labeller]


def agent_labels(ids: Iterable[UUID | None]) -> dict[UUID, AgentLabel]:
    wanted = {agent_id for agent_id in ids if agent_id}
    return _labellers[0](wanted) if _labellers and wanted else {}


def agent_label(agent_id: UUID | None, slug: str, known: dict[UUID, AgentLabel]) -> AgentLabel:
    """The known label, else the slug as words, else that no agent was asked."""
    if agent_id in known:
        return known[agent_id]
    if slug:
        return AgentLabel(slug.replace("-", " ").capitalize())
    return AgentLabel("Models asked directly", icon="plug-connected")
