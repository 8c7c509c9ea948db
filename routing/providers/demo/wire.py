"""Bodies and chunks of OpenAI's chat completions format."""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .tokens import count_tokens, split_tokens


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function; `arguments` fit the function's schema."""

    name: str
    arguments: dict[str, Any]
    id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the rules answer: text, or tool calls with perhaps a text before them."""

    text: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Piece:
    """One step of an answer: the delta to send and the output tokens it carries."""

    delta: dict[str, Any]
    tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply cut to the request's limits, in pieces."""

    id: str
    model: str
    created: int
    text: str
    tool_calls: list[ToolCall]
    pieces: list[Piece]
    finish_reason: str
    input_tokens: int

    @property
    def output_tokens(self) -> int:
        """Return the tokens of the whole answer."""
        return sum(piece.tokens for piece in self.pieces)

    def usage(self, output_tokens: int | None = None) -> dict[str, Any]:
        """Return OpenAI's usage object, for the whole answer or for the tokens sent so far."""
        sent = self.output_tokens if output_tokens is None else output_tokens
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": sent,
            "total_tokens": self.input_tokens + sent,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }

    def body(self) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None, "refusal": None}
        if self.tool_calls:
            message["tool_calls"] = [_tool_call(call) for call in self.tool_calls]
        elif not self.text:
            message["content"] = ""
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}],
            "usage": self.usage(),
            "system_fingerprint": "fp_demo",
        }

    def chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        """Return one chunk of a stream."""
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": "fp_demo",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
        }


def new_id() -> str:
    """Return an id for an answer."""
    return f"chatcmpl-{secrets.token_hex(12)}"


def make_answer(
    reply: Reply, *, id: str, model: str, input_tokens: int, max_tokens: int | None, stop: tuple[str, ...]
) -> Answer:
    """Cut a reply at the first stop sequence and at `max_tokens`, and split it into pieces."""
    text, stopped = _cut_at_stop(reply.text, stop)
    calls = [] if stopped else reply.tool_calls
    pieces = list(_text_pieces(text)) + list(_call_pieces(calls))
    finish_reason = "tool_calls" if calls else "stop"
    if max_tokens is not None and sum(piece.tokens for piece in pieces) > max_tokens:
        # A call whose arguments are cut is of no use to anyone: as OpenAI does, the text up to the limit remains.
        pieces = list(_text_pieces(text))[:max_tokens]
        text, calls, finish_reason = "".join(piece.delta["content"] for piece in pieces), [], "length"
    return Answer(id, model, int(time.time()), text, calls, pieces, finish_reason, input_tokens)


def sse(body: dict[str, Any]) -> bytes:
    """Return a server-sent event with a JSON body."""
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def _cut_at_stop(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    places = [place for place in (text.find(sequence) for sequence in stop) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _text_pieces(text: str) -> Iterator[Piece]:
    return (Piece({"content": token}, 1) for token in split_tokens(text))


def _call_pieces(calls: list[ToolCall]) -> Iterator[Piece]:
    for index, call in enumerate(calls):
        head = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        yield Piece({"tool_calls": [head]}, count_tokens(call.name))
        for token in split_tokens(_arguments(call)):
            yield Piece({"tool_calls": [{"index": index, "function": {"arguments": token}}]}, 1)


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}


def _arguments(call: ToolCall) -> str:
    return json.dumps(call.arguments, ensure_ascii=False)
