"""What a file of the catalogue may hold."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agents.levels import Level
from agents.policies import MemoryPolicy
from tenants.models import Organization
from tenants.permissions import PERMISSIONS

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", min_length=2, max_length=50)]
ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,63}$")]


def _permission(name: str) -> str:
    if name not in PERMISSIONS:
        raise ValueError(f"no such permission; there are {', '.join(PERMISSIONS)}")
    return name


def _industry(value: str) -> str:
    if value not in Organization.Industry.values:
        raise ValueError(f"use one of {', '.join(Organization.Industry.values)}")
    return value


_ITEM = re.compile(r"(?:[-*]|\d+\.) ")


def unwrap(text: str) -> str:
    """Join lines that a file breaks for its width; blank lines, list items and what precedes a list stay lines."""
    lines: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        follows = lines and lines[-1] and bare and not _ITEM.match(bare)
        if follows and (line.startswith(" ") or not _ITEM.match(lines[-1])):
            lines[-1] += f" {bare}"
        else:
            lines.append(bare)
    return "\n".join(lines)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class RoleTemplate(_Strict):
    """A role that comes with the templates that name it."""

    slug: Slug
    name: Annotated[str, Field(min_length=2, max_length=80)]
    level: Level
    description: Annotated[str, Field(min_length=10, max_length=500)]
    permissions: tuple[Annotated[str, AfterValidator(_permission)], ...]
    tools: tuple[ToolName, ...]


class RoleFile(_Strict):
    roles: tuple[RoleTemplate, ...]


class Template(_Strict):
    """An agent ready to hire. `version` rises when the file changes, so that one can see who was hired from what."""

    slug: Slug
    version: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(min_length=2, max_length=80)]
    role: Slug
    level: Level
    industry: Annotated[str, AfterValidator(_industry)] = "general"
    icon: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    description: Annotated[str, Field(min_length=20, max_length=500)]
    instructions: Annotated[str, Field(min_length=100, max_length=20_000), AfterValidator(unwrap)]
    tools: Annotated[tuple[ToolName, ...], Field(min_length=1)]
    model_policy: Annotated[str, Field(max_length=120)] = "auto"
    memory: MemoryPolicy = MemoryPolicy()
    examples: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)]
