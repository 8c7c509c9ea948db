"""The types a tool is written with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from pydantic import BaseModel

if TYPE_CHECKING:
    from agents.models import Agent
    from tenants.context import Tenant


class Asker(Protocol):
    """Who asked: a person or an API key, as in `request.user`."""

    @property
    def actor(self) -> str: ...

    @property
    def public_id(self) -> UUID: ...

    @property
    def display_name(self) -> str: ...

    def has_perm(self, perm: str, obj: Any = None) -> bool: ...


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where and for whom a tool runs. The tenant's context is open while it does.

    `user` is whose rights count; `actor` is who the audit chain names. `conversation` is the public id of the
    conversation, None outside one.
    """

    tenant: Tenant
    agent: Agent
    user: Asker
    actor: str
    conversation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Handoff:
    """The conversation goes to a colleague. The runtime acts on it; the tool only checks that it can."""

    agent_id: UUID
    slug: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gives back: `text` for the model, `data` for pages and API, and perhaps a handoff."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    handoff: Handoff | None = None

    @classmethod
    def failure(cls, text: str) -> ToolResult:
        """Something the model should read and mend, or tell the person."""
        return cls(text=text, failed=True)


@dataclass(frozen=True)
class Tool:
    """One registered tool."""

    name: str
    description: str
    permission: str | None
    writes: bool
    source: str
    arguments: type[BaseModel]
    function: Callable[..., ToolResult]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of the arguments, an object that takes nothing else."""
        return _without_titles(self.arguments.model_json_schema())

    @property
    def openai_schema(self) -> dict[str, Any]:
        """The tool as `tools` of an OpenAI chat completion lists it."""
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": self.parameters},
        }


def _without_titles(schema: Any, *, names: bool = False) -> Any:
    # pydantic titles every property by its own name: tokens that tell the model nothing. Under `properties` and
    # `$defs` the keys are names, and a parameter may well be called “title”.
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value, names=key in {"properties", "$defs"} and not names)
        for key, value in schema.items()
        if names or key != "title"
    }
