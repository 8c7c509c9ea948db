"""The frames of `/ws/chat/`, both ways. `docs/websocket.md` describes them; a test compares the two."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agents.chat.journal import plain
from agents.chat.markdown import render_markdown
from agents.runtime.events import (
    AgentCard,
    CallFigures,
    CallRouted,
    HandedOver,
    TextWritten,
    TicketTouched,
    ToolCalled,
    ToolReturned,
    Total,
    TurnAnswered,
    TurnEvent,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from tenants.exceptions import Refusal
from tenants.parsers import parse_json

PROTOCOL = 1
MAX_FRAME_BYTES = 256 * 1024
MAX_FRAME_NUMBER = 2**53


class BadFrame(Refusal):
    """What came is not one of our frames; the socket lives on."""

    type = "bad-frame"
    title = "This frame is not understood"


class FromClient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Ask(FromClient):
    """Ask something, in a conversation or in a new one."""

    type: Literal["ask"]
    text: str
    conversation: UUID | None = None
    client_id: str = Field(default="", max_length=100)
    model: str = Field(default="auto", min_length=1, max_length=200)


class Stop(FromClient):
    """Stop the answer that is being written; without `turn`, the one of the conversation that is followed."""

    type: Literal["stop"]
    turn: UUID | None = None


class Resume(FromClient):
    """Follow a conversation from the frame after `frame`; 0 asks for a snapshot."""

    type: Literal["resume"]
    conversation: UUID
    frame: int = Field(default=0, ge=0, le=MAX_FRAME_NUMBER)


class Ack(FromClient):
    """All frames up to this number have arrived."""

    type: Literal["ack"]
    frame: int = Field(ge=0, le=MAX_FRAME_NUMBER)


class Ping(FromClient):
    type: Literal["ping"]


ClientFrame = Ask | Stop | Resume | Ack | Ping
CLIENT_TYPES = ("ask", "stop", "resume", "ack", "ping")
_client_frame: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])


def read_frame(text: str) -> ClientFrame:
    """Parse a client's frame. Raises BadFrame with words that say what to send instead."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_FRAME_BYTES:
        raise BadFrame(f"A frame has at most {MAX_FRAME_BYTES:,} bytes, this one has {size:,}.")
    try:
        value = parse_json(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise BadFrame(str(error).replace("The body", "The frame")) from None
    if not isinstance(value, dict) or value.get("type") not in CLIENT_TYPES:
        raise BadFrame(f"A frame is a JSON object whose type is one of {', '.join(CLIENT_TYPES)}.")
    try:
        return _client_frame.validate_python(value, strict=False)
    except ValidationError as error:
        raise BadFrame(_in_words(error)) from None


def _in_words(error: ValidationError) -> str:
    each = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in each]
    return "The frame is not valid: " + "; ".join(lines)


def encode(content: dict[str, Any]) -> str:
    """Encode a frame; what is no Unicode text (a model may write half a surrogate pair) is replaced."""
    text = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")


def error_frame(refusal: Refusal, **more: Any) -> dict[str, Any]:
    """The frame of a refusal: its code, its words, its facts."""
    return {**refusal.extra, "type": "error", "code": refusal.type, "detail": refusal.detail, **more}


# From events to frames -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnIds:
    """What every frame of a turn carries."""

    turn: UUID
    query: UUID
    conversation: UUID


def frame_of(event: TurnEvent, ids: TurnIds, number: int) -> str:
    """Encode an event as the frame of that number."""
    content = _content(event, ids)
    return encode({"type": content.pop("type"), "frame": number, "turn": ids.turn, **content})


@singledispatch
def _content(event: Any, ids: TurnIds) -> dict[str, Any]:
    raise TypeError(f"No frame for {type(event).__name__}")


def agent_json(agent: AgentCard) -> dict[str, Any]:
    return {"id": agent.id, "slug": agent.slug, "name": agent.name, "icon": agent.icon}


@_content.register
def _(event: TurnStarted, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "started",
        "query": ids.query,
        "conversation": ids.conversation,
        "agent": agent_json(event.agent),
        "question": {"id": event.question_id, "text": event.text, "actor": event.actor, "at": event.at},
    }


@_content.register
def _(event: CallRouted, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "routed",
        "agent": agent_json(event.agent),
        "model": event.model,
        "provider": event.provider,
        "tier": event.tier,
        "score": event.score,
        "threshold": event.threshold,
        "reasons": event.reasons,
    }


@_content.register
def _(event: TextWritten, ids: TurnIds) -> dict[str, Any]:
    return {"type": "delta", "message": event.message_id, "agent": event.agent.slug, "text": event.text}


@_content.register
def _(event: ToolCalled, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "tool",
        "state": "called",
        "call": event.call_id,
        "name": event.name,
        "agent": event.agent.slug,
        "arguments": event.arguments,
    }


@_content.register
def _(event: ToolReturned, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "tool",
        "state": "failed" if event.failed else "done",
        "call": event.call_id,
        "name": event.name,
        "agent": event.agent.slug,
        "result": event.text,
        "duration_ms": event.duration_ms,
    }


@_content.register
def _(event: TicketTouched, ids: TurnIds) -> dict[str, Any]:
    return {"type": "ticket", "tool": event.tool, "ticket": event.ticket}


@_content.register
def _(event: HandedOver, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "handoff",
        "from": agent_json(event.giver),
        "to": agent_json(event.taker),
        "reason": event.reason,
    }


@_content.register
def _(event: TurnAnswered, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "answered",
        **_who(event.agent, ids),
        "message": event.message_id,
        **figures_json(event.calls),
        "text": event.text,
        "html": render_markdown(event.text),
    }


@_content.register
def _(event: TurnStopped, ids: TurnIds) -> dict[str, Any]:
    return {
        "type": "stopped",
        **_who(event.agent, ids),
        "message": event.message_id,
        "reason": event.reason,
        **figures_json(event.calls),
        "text": event.text,
        "html": render_markdown(event.text),
    }


@_content.register
def _(event: TurnFailed, ids: TurnIds) -> dict[str, Any]:
    return {
        **event.extra,
        "type": "error",
        **_who(event.agent, ids),
        "code": event.code,
        "detail": event.detail,
        **figures_json(event.calls),
    }


def _who(agent: AgentCard, ids: TurnIds) -> dict[str, Any]:
    return {"query": ids.query, "conversation": ids.conversation, "agent": agent_json(agent)}


def figures_json(calls: Sequence[CallFigures]) -> dict[str, Any]:
    """The figures under an answer: model and reasons of the call that answered, sums over all calls of the query."""
    total = Total.of(calls)
    last = calls[-1] if calls else None
    return {
        "model": last.model if last else "",
        "provider": last.provider if last else "",
        "tier": last.tier if last else "",
        "score": last.score if last else None,
        "threshold": last.threshold if last else None,
        "reasons": list(last.reasons) if last else [],
        "tokens": _tokens(total),
        "cost": plain(total.cost),
        "baseline_cost": plain(total.baseline_cost),
        "latency_ms": sum(call.latency_ms or 0 for call in calls),
        "first_token_ms": last.first_token_ms if last else None,
        "calls": [_call_json(call) for call in calls],
    }


def _tokens(figures: Total | CallFigures) -> dict[str, int]:
    return {
        "input": figures.input_tokens,
        "output": figures.output_tokens,
        "cached": figures.cached_tokens,
        "total": figures.input_tokens + figures.output_tokens,
    }


def _call_json(call: CallFigures) -> dict[str, Any]:
    return {
        "agent": call.agent.slug,
        "model": call.model,
        "provider": call.provider,
        "tier": call.tier,
        "score": call.score,
        "tokens": _tokens(call),
        "cost": plain(call.cost),
        "baseline_cost": plain(call.baseline_cost),
        "latency_ms": call.latency_ms,
    }
