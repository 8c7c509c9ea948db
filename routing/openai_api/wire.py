"""Bodies, chunks and headers of OpenAI's chat completions format."""

import json
import time
from typing import Any

from routing.gateway_models import Report
from routing.outcomes import ToolCall
from routing.upstream import Usage

DONE = b"data: [DONE]\n\n"
FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")


def completion(report: Report, asked: str) -> dict[str, Any]:
    """Return the body of an answer that is not streamed. `asked` is the name in the request."""
    message: dict[str, Any] = {"role": "assistant", "content": report.text or None, "refusal": None}
    if report.tool_calls:
        message["tool_calls"] = [call.as_wire() for call in report.tool_calls]
    elif not report.text:
        message["content"] = ""
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(report)}
    return {
        "id": answer_id(report),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": report.model or asked,
        "choices": [choice],
        "usage": usage(report.usage),
    }


class Chunks:
    """Writes the chunks of one streamed answer. With `include_usage` every chunk has the field, as at OpenAI."""

    def __init__(self, report: Report, asked: str, *, include_usage: bool) -> None:
        self._head = {
            "id": answer_id(report),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": report.model or asked,
        }
        self._extra: dict[str, Any] = {"usage": None} if include_usage else {}

    def delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return sse({**self._head, "choices": [choice], **self._extra})

    def role(self) -> bytes:
        return self.delta({"role": "assistant", "content": ""})

    def text(self, text: str) -> bytes:
        return self.delta({"content": text})

    def tool_calls(self, calls: tuple[ToolCall, ...]) -> bytes:
        return self.delta({"tool_calls": [{"index": index, **call.as_wire()} for index, call in enumerate(calls)]})

    def usage(self, report: Report) -> bytes:
        return sse({**self._head, "choices": [], "usage": usage(report.usage), "orchestrall": routing_facts(report)})


def sse(body: dict[str, Any]) -> bytes:
    """Return a server-sent event with a JSON body."""
    return b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def answer_id(report: Report) -> str:
    return f"chatcmpl-{report.query_id.hex}"


def finish_reason(report: Report) -> str:
    if report.tool_calls:
        return "tool_calls"
    return report.finish_reason if report.finish_reason in FINISH_REASONS else "stop"


def usage(given: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": given.input_tokens,
        "completion_tokens": given.output_tokens,
        "total_tokens": given.input_tokens + given.output_tokens,
        "prompt_tokens_details": {"cached_tokens": given.cached_tokens},
    }


def routing_facts(report: Report) -> dict[str, Any]:
    """What the router did, for whoever wants to know; OpenAI's clients pass it by."""
    return {
        "model": report.model,
        "provider": report.provider,
        "tier": report.tier,
        "score": round(report.score, 4),
        "cost_usd": f"{report.cost:f}",
        "baseline_cost_usd": f"{report.baseline_cost:f}",
        "estimated": report.usage.is_estimated,
    }


def routing_headers(report: Report, *, with_cost: bool) -> dict[str, str]:
    """Return `X-Orchestrall-*`. The cost of a streamed answer is not known when its headers are sent."""
    headers = {
        "X-Orchestrall-Query": str(report.query_id),
        "X-Orchestrall-Model": report.model,
        "X-Orchestrall-Provider": report.provider,
        "X-Orchestrall-Tier": report.tier,
        "X-Orchestrall-Score": f"{report.score:.4f}",
    }
    if with_cost:
        headers["X-Orchestrall-Cost-USD"] = f"{report.cost:f}"
        headers["X-Orchestrall-Baseline-Cost-USD"] = f"{report.baseline_cost:f}"
    # An agent's first model call may still be to come when its stream begins.
    return {name: value for name, value in headers.items() if value}
