"""What a model call is asked with, what it reports on the way, and what is left of it at the end."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from billing.metering import Closing
from billing.spend import Reservation
from routing.policy import Decision
from routing.providers.catalogue import ModelOption
from routing.upstream import Usage
from tenants.context import Tenant

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model on behalf of somebody. `messages` and `tools` are in OpenAI's wire format.

    `requested` is auto, small, large or a model's name. `text` is what the complexity is read from; unset, it is the
    last message of a person. `parameters` holds further fields of the wire format, such as `stop` or `tool_choice`.
    """

    tenant: Tenant
    query_id: UUID
    messages: Sequence[Mapping[str, Any]]
    actor: str
    tools: Sequence[Mapping[str, Any]] = ()
    requested: str = "auto"
    text: str | None = None
    agent_id: UUID | None = None
    agent_slug: str = ""
    person_id: UUID | None = None
    key_id: UUID | None = None
    conversation_id: UUID | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    stream: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A finished call of a function; `arguments` is the JSON text that the model wrote, not checked."""

    id: str
    name: str
    arguments: str

    def as_wire(self) -> dict[str, Any]:
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class Started:
    """The model has begun to answer; from now on no other one takes over."""

    model: str
    provider: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The functions that the model wants called, complete. The last event of an answer that has any."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A provider failed before it said anything; the next one is tried. `kind` is a short code."""

    model: str
    provider: str
    kind: str
    words: str


Event = Started | TextDelta | ToolCalls | AttemptFailed


@dataclass(slots=True)
class Attempt:
    """One request to one provider, and its usage record. `closing` says how it ended, once it has."""

    option: ModelOption
    record_id: UUID
    is_sent: bool = False
    has_spoken: bool = False
    started: float = field(default_factory=time.perf_counter)
    first_token_ms: int | None = None
    closing: Closing | None = None
    is_closed: bool = False

    @property
    def elapsed_ms(self) -> int:
        return round((time.perf_counter() - self.started) * 1000)


@dataclass(slots=True, weakref_slot=True, eq=False)
class Outcome:
    """What is left of a model call, whatever happened to it: to be settled in the transaction that keeps the answer.

    `interrupted`: the caller went away, the provider broke off or the process is ending; `text` is what came until
    then. `failed`: nobody answered. Money is in dollars.
    """

    call: ModelCall
    id: UUID = field(default_factory=uuid4)
    decision: Decision | None = None
    attempts: list[Attempt] = field(default_factory=list)
    reservation: Reservation | None = None
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = ZERO
    baseline_cost: Decimal = ZERO
    model: str = ""
    provider: str = ""
    tier: str = ""
    latency_ms: int = 0
    first_token_ms: int | None = None
    interrupted: bool = False
    failed: bool = False
    is_settled: bool = False

    @property
    def query_id(self) -> UUID:
        return self.call.query_id

    @property
    def record_ids(self) -> list[UUID]:
        return [attempt.record_id for attempt in self.attempts]
