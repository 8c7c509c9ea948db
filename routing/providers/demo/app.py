"""The demo provider's HTTP side: OpenAI's paths, the ledger and the faults. What is answered stands in `rules.py`."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from .chat_request import MODELS, BadRequest, ChatRequest, model_not_found, parse_chat_request
from .faults import KINDS, BadFault, Fault, Faults
from .ledger import Call, Ledger
from .rules import answer
from .tokens import count_input_tokens
from .wire import Answer, make_answer, new_id, sse

MAX_BODY = 8 * 1024 * 1024
CREATED = 1_727_000_000
BURST = 16
"""Pieces that share one write when no speed is set. The first piece always goes alone."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the demo provider answers: milliseconds before the first token, then tokens per second (0: no "
    "limit)."""

    latency_ms: float = 0.0
    tokens_per_second: float = 0.0


PACE: web.AppKey[Pace] = web.AppKey("pace", Pace)
LEDGER: web.AppKey[Ledger] = web.AppKey("ledger", Ledger)
FAULTS: web.AppKey[Faults] = web.AppKey("faults", Faults)


def make_app(pace: Pace | None = None, faults: Faults | None = None) -> web.Application:
    """Return the application; it must be run with `handler_cancellation=True`, so that a lost client is noticed."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[openai_errors])
    app[PACE] = pace or Pace()
    app[LEDGER] = Ledger()
    app[FAULTS] = faults or Faults()
    app.router.add_post("/v1/chat/completions", chat_completions)
    app.router.add_get("/v1/models", list_models)
    app.router.add_get("/v1/models/{model}", show_model)
    app.router.add_get("/_demo/ledger", show_ledger)
    app.router.add_get("/_demo/faults", show_faults)
    app.router.add_post("/_demo/faults", set_fault)
    app.router.add_get("/livez", livez)
    return app


@web.middleware
async def openai_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Turn every refusal into OpenAI's error body."""
    try:
        return await handler(request)
    except BadRequest as error:
        return web.json_response(error.body(), status=error.status, headers=error.headers)
    except web.HTTPException as error:
        words = {
            404: f"Unknown request URL: {request.method} {request.path}. The demo provider has no such endpoint.",
            405: f"Not allowed to {request.method} on {request.path}.",
            413: f"The request is larger than {MAX_BODY} bytes.",
        }.get(error.status, error.reason)
        refusal = BadRequest(words, status=error.status, code="unknown_url" if error.status == 404 else None)
        return web.json_response(refusal.body(), status=refusal.status)


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Answer `POST /v1/chat/completions`, with the pace and the faults that are set."""
    chat = parse_chat_request(await request.read())
    input_tokens = count_input_tokens(chat.messages, chat.raw_tools)
    if input_tokens > MODELS[chat.model]:
        words = (
            f"This model's maximum context length is {MODELS[chat.model]} tokens; your messages have {input_tokens}."
        )
        raise BadRequest(words, param="messages", code="context_length_exceeded")
    ledger = request.app[LEDGER]
    call = Call(new_id(), chat.model, input_tokens, chat.stream, request.headers.get("X-Request-Id"), chat.metadata)
    ledger.open(call)
    try:
        return await _serve(request, chat, call)
    finally:
        # Reached with the call still open only when the client has gone or the server is being ended.
        ledger.close(call, "cut")


async def _serve(request: web.Request, chat: ChatRequest, call: Call) -> web.StreamResponse:
    pace, fault = request.app[PACE], request.app[FAULTS].draw(chat.model)
    if pace.latency_ms:
        await asyncio.sleep(pace.latency_ms / 1000)
    if fault is not None:
        call.fault = fault.kind
        if fault.kind == "timeout":
            await asyncio.sleep(fault.seconds)
        elif fault.kind != "break_stream":
            return _fail(request, call, fault)
    made = make_answer(
        answer(chat),
        id=call.id,
        model=chat.model,
        input_tokens=call.input_tokens,
        max_tokens=chat.max_tokens,
        stop=chat.stop,
    )
    cut_after = _cut_after(fault, made)
    if chat.stream:
        return await _stream(request, chat, call, made, cut_after)
    return await _send_whole(request, call, made, cut_after)


def _fail(request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
    """Answer with a fault after which nothing was said."""
    call.status = {"error": 500, "rate_limit": 429, "refuse": 0}.get(fault.kind, 200)
    request.app[LEDGER].close(call, "failed")
    if fault.kind == "refuse":
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError
    if fault.kind == "wrong_json":
        return web.Response(body=b'{"id": "chatcmpl-', content_type="application/json")
    if fault.kind == "rate_limit":
        headers = {"Retry-After": f"{fault.seconds:g}"}
        words = f"Rate limit reached for {call.model} (demo fault). Please try again in {fault.seconds:g}s."
        raise BadRequest(words, status=429, kind="requests", code="rate_limit_exceeded", headers=headers)
    raise BadRequest(
        "The server had an error while processing your request (demo fault).", status=500, kind="server_error"
    )


def _cut_after(fault: Fault | None, made: Answer) -> int | None:
    """Return after how many tokens the answer is to be cut, if at all."""
    if fault is None or fault.kind != "break_stream":
        return None
    return made.output_tokens // 2 if fault.after_tokens is None else fault.after_tokens


async def _send_whole(request: web.Request, call: Call, made: Answer, cut_after: int | None) -> web.StreamResponse:
    speed = request.app[PACE].tokens_per_second
    if speed:
        await asyncio.sleep(made.output_tokens / speed)
    body = json.dumps(made.body(), separators=(",", ":")).encode()
    call.output_tokens = made.output_tokens
    if cut_after is None:
        response = web.Response(body=body, content_type="application/json", headers={"X-Request-Id": call.id})
        await response.prepare(request)
        await response.write_eof()
        request.app[LEDGER].close(call, "finished")
        return response
    partial = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    return _cut(request, call)


def _cut(request: web.Request, call: Call) -> web.StreamResponse:
    """Close the connection in the middle of an answer; what was written is still sent."""
    request.app[LEDGER].close(call, "cut")
    if request.transport is not None:
        request.transport.close()
    raise asyncio.CancelledError


async def _stream(
    request: web.Request, chat: ChatRequest, call: Call, made: Answer, cut_after: int | None
) -> web.StreamResponse:
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Request-Id": call.id}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    extra: dict[str, Any] = {"usage": None} if chat.include_usage else {}
    await response.write(sse({**made.chunk({"role": "assistant", "content": "", "refusal": None}), **extra}))
    speed, started, buffer = request.app[PACE].tokens_per_second, time.monotonic(), b""
    for number, piece in enumerate(made.pieces):
        if cut_after is not None and call.output_tokens + piece.tokens > cut_after:
            return _cut(request, call)
        if chat.usage_on_each_chunk:
            extra = {"usage": made.usage(call.output_tokens + piece.tokens)}
        buffer += sse({**made.chunk(piece.delta), **extra})
        if speed:
            await asyncio.sleep(started + number / speed - time.monotonic())
        if speed or number % BURST == 0 or number == len(made.pieces) - 1 or cut_after is not None:
            await response.write(buffer)
            buffer = b""
            # Gives the loop a chance to tell that the client has gone.
            await asyncio.sleep(0)
        call.output_tokens += piece.tokens
    if cut_after is not None:
        return _cut(request, call)
    tail = sse({**made.chunk({}, made.finish_reason), **extra})
    if chat.include_usage:
        tail += sse({**made.chunk({}), "choices": [], "usage": made.usage()})
    await response.write(tail + b"data: [DONE]\n\n")
    await response.write_eof()
    request.app[LEDGER].close(call, "finished")
    return response


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "orchestrall-demo"}


async def list_models(request: web.Request) -> web.Response:
    """Answer `GET /v1/models`."""
    return web.json_response({"object": "list", "data": [_model(name) for name in MODELS]})


async def show_model(request: web.Request) -> web.Response:
    """Answer `GET /v1/models/{model}`."""
    name = request.match_info["model"]
    if name not in MODELS:
        raise model_not_found(name)
    return web.json_response(_model(name))


async def show_ledger(request: web.Request) -> web.Response:
    """Answer `GET /_demo/ledger?since=N&limit=N`; `since` is the number of a call or an RFC 3339 time."""
    since, after = request.query.get("since", "0"), 0.0
    try:
        limit = int(request.query.get("limit", "1000"))
        if not since.isdigit():
            moment = datetime.fromisoformat(since)
            since, after = "0", (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        raise BadRequest("'since' must be a number of a call or an RFC 3339 time, 'limit' a whole number.") from None
    return web.json_response(request.app[LEDGER].read(since=int(since), after=after, limit=max(1, min(limit, 10_000))))


async def show_faults(request: web.Request) -> web.Response:
    """Answer `GET /_demo/faults`."""
    return web.json_response({"faults": request.app[FAULTS].current(), "kinds": KINDS})


async def set_fault(request: web.Request) -> web.Response:
    """Answer `POST /_demo/faults`."""
    try:
        current = request.app[FAULTS].set(json.loads(await request.read()))
    except BadFault as error:
        raise BadRequest(str(error), code="bad_fault") from None
    except ValueError:
        raise BadRequest("The body must be JSON.") from None
    return web.json_response({"faults": current})


async def livez(request: web.Request) -> web.Response:
    """Say that the process answers."""
    return web.json_response({"status": "ok"})
