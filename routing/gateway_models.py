"""Names that may be asked for under `/v1/`: the router's own, and those that apps above add by prefix.

`agents` registers `agent/` in its `AppConfig.ready()`; whatever stands behind a prefix answers through the same shape
as a plain model, and settles what it used itself.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from routing.outcomes import Event, ModelCall, ToolCall
from routing.upstream import Usage


@dataclass(frozen=True, slots=True)
class Report:
    """What an answer came to, for the response. `interrupted`: it is not whole."""

    query_id: UUID
    text: str
    tool_calls: Sequence[ToolCall]
    finish_reason: str
    usage: Usage
    cost: Decimal
    baseline_cost: Decimal
    model: str
    provider: str
    tier: str
    score: float
    interrupted: bool = False


class OpenedAnswer(Protocol):
    """An answer on its way, whoever gives it."""

    def events(self) -> AsyncGenerator[Event]:
        """Yield `Started`, `TextDelta`s and at most one `ToolCalls`; raise a Refusal when there is no answer."""

    async def settle(self) -> None:
        """Write down what was used, once, also after an error or cancellation. Called after `events()` has ended."""

    @property
    def report(self) -> Report:
        """What is known by now; complete after `events()` has ended."""


class ModelSource(Protocol):
    """What stands behind a prefix."""

    def list_names(self) -> list[str]:
        """Return the names after the prefix that this tenant may ask for. Runs in the tenant's context."""

    def open(self, name: str, call: ModelCall, user: Any) -> AbstractAsyncContextManager[OpenedAnswer]:
        """Open an answer of `name` (without the prefix). `call.requested` still has the whole name."""


_sources: dict[str, ModelSource] = {}


def register_prefix(prefix: str, source: ModelSource) -> None:
    """Let `source` answer for all names that begin with `prefix` (`"agent/"`). From `AppConfig.ready()`."""
    _sources[prefix] = source


def find_source(name: str) -> tuple[ModelSource, str] | None:
    """Return who answers for a name, and the name without its prefix; nothing for the router's own names."""
    for prefix, source in _sources.items():
        if name.startswith(prefix):
            return source, name.removeprefix(prefix)
    return None


def registered_names() -> list[str]:
    """Return all names behind prefixes, with their prefix. Needs the tenant's context."""
    return [f"{prefix}{name}" for prefix, source in _sources.items() for name in source.list_names()]
