"""Snapshots of an agent and what differs between two of them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.models import Agent, AgentVersion

# The fields of a snapshot, in the order pages show them.
FIELD_WORDS = {
    "name": "Name",
    "slug": "Slug",
    "role": "Role",
    "level": "Level",
    "manager": "Manager",
    "industry": "Industry",
    "icon": "Icon",
    "description": "Description",
    "instructions": "Instructions",
    "tools": "Tools",
    "model_policy": "Model policy",
    "memory_policy": "Memory policy",
    "status": "Status",
}


def config_of(agent: Agent) -> dict[str, Any]:
    """The whole configuration as it goes into a version: plain JSON, role and manager by slug."""
    return {
        "name": agent.name,
        "slug": agent.slug,
        "role": agent.role.slug,
        "level": str(agent.level),
        "manager": agent.manager.slug if agent.manager is not None else None,
        "industry": agent.industry,
        "icon": agent.icon,
        "description": agent.description,
        "instructions": agent.instructions,
        "tools": list(agent.tools),
        "model_policy": agent.model_policy,
        "memory_policy": dict(agent.memory_policy),
        "status": str(agent.status),
    }


def snapshot(agent: Agent, *, summary: str, actor: str) -> AgentVersion:
    """Build, without saving it, the version that the agent's present state makes."""
    return AgentVersion(
        agent=agent, number=agent.version_number, config=config_of(agent), summary=summary[:200], actor=actor
    )


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of the fields that differ, in the order of FIELD_WORDS."""
    return [name for name in FIELD_WORDS if before.get(name) != after.get(name)]


def summary_of(fields: list[str]) -> str:
    """Say in a few words what a change touched: “Changed instructions and tools”."""
    words = [FIELD_WORDS[name].lower() for name in fields]
    if len(words) > 1:
        words = [", ".join(words[:-1]), words[-1]]
    return "Changed " + " and ".join(words)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text's difference; `kind` is same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs between two versions; `lines` for long texts, `added` and `removed` for lists."""

    name: str
    label: str
    before: Any
    after: Any
    lines: tuple[Line, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def compare(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[FieldChange]:
    """List what changed from one configuration to another."""
    return [_change(name, older.get(name), newer.get(name)) for name in changed_fields(older, newer)]


def _change(name: str, before: Any, after: Any) -> FieldChange:
    label = FIELD_WORDS[name]
    if isinstance(before, list) and isinstance(after, list):
        return FieldChange(
            name,
            label,
            before,
            after,
            added=tuple(item for item in after if item not in before),
            removed=tuple(item for item in before if item not in after),
        )
    if name == "instructions":
        return FieldChange(name, label, before, after, lines=tuple(_lines(before or "", after or "")))
    return FieldChange(name, label, before, after)


def _lines(before: str, after: str) -> list[Line]:
    kinds = {" ": "same", "+": "added", "-": "removed"}
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [Line(kinds[line[0]], line[2:]) for line in compared if line[0] in kinds]
