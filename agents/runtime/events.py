"""What a turn tells while it runs. Whoever listens gets values; nothing here leads back to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AgentCard:
    """An agent as viewers know it."""

    id: UUID
    slug: str
    name: str
    icon: str


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The question is stored and the agent begins."""

    agent: AgentCard
    question_id: UUID
    text: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallRouted:
    """A model was chosen for the next call; comes again when another provider had to take over."""

    agent: AgentCard
    model: str
    provider: str
    tier: str
    score: float | None
    threshold: float | None
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class TextWritten:
    """The next piece of the message that is being written."""

    message_id: UUID
    agent: AgentCard
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    agent: AgentCard
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool has run; `data` is what pages may draw, `text` what the model reads."""

    agent: AgentCard
    call_id: str
    name: str
    text: str
    data: Mapping[str, Any]
    failed: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class TicketTouched:
    """A tool opened or changed a ticket."""

    tool: str
    ticket: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HandedOver:
    giver: AgentCard
    taker: AgentCard
    reason: str


@dataclass(frozen=True, slots=True)
class CallFigures:
    """One model call of the turn, settled."""

    agent: AgentCard
    model: str
    provider: str
    tier: str
    score: float | None
    threshold: float | None
    reasons: Sequence[str]
    considered: Sequence[Any]
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: Decimal
    baseline_cost: Decimal
    latency_ms: int | None
    first_token_ms: int | None


@dataclass(frozen=True, slots=True)
class Total:
    """All calls of a turn together: the query's figures."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal = Decimal(0)
    baseline_cost: Decimal = Decimal(0)

    @classmethod
    def of(cls, calls: Sequence[CallFigures]) -> Total:
        return cls(
            input_tokens=sum(call.input_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
            cached_tokens=sum(call.cached_tokens for call in calls),
            cost=sum((call.cost for call in calls), Decimal(0)),
            baseline_cost=sum((call.baseline_cost for call in calls), Decimal(0)),
        )


@dataclass(frozen=True, slots=True)
class TurnAnswered:
    agent: AgentCard
    message_id: UUID
    text: str
    calls: Sequence[CallFigures]


@dataclass(frozen=True, slots=True)
class TurnStopped:
    """Stopped by the asker, or because the process ends; `text` is what had been written."""

    agent: AgentCard
    message_id: UUID | None
    text: str
    reason: str
    calls: Sequence[CallFigures]


@dataclass(frozen=True, slots=True)
class TurnFailed:
    agent: AgentCard
    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    calls: Sequence[CallFigures] = ()


TurnEvent = (
    TurnStarted
    | CallRouted
    | TextWritten
    | ToolCalled
    | ToolReturned
    | TicketTouched
    | HandedOver
    | TurnAnswered
    | TurnStopped
    | TurnFailed
)
LAST_EVENTS = (TurnAnswered, TurnStopped, TurnFailed)


class Sink(Protocol):
    """Where a turn's events go. `emit` never waits; it returns the number the event was given."""

    number: int

    def emit(self, event: TurnEvent) -> int: ...


class Silence:
    """A sink for turns that nobody watches; counts, and forgets."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def emit(self, event: TurnEvent) -> int:
        self.number += 1
        return self.number
