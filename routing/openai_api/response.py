"""From an answer's events to a response, whole or as server-sent events; settled whatever happens to the client."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing

from django.http import HttpResponseBase, JsonResponse, StreamingHttpResponse

from routing.exceptions import AnswerBrokeOff, ShuttingDown
from routing.gateway import uncancelled
from routing.gateway_models import OpenedAnswer
from routing.openai_api.errors import error_body
from routing.openai_api.wire import DONE, Chunks, completion, finish_reason, routing_headers, sse
from routing.outcomes import Event, TextDelta, ToolCalls
from tenants.exceptions import Refusal

Opened = AbstractAsyncContextManager[OpenedAnswer]


async def answer_whole(opened: Opened, asked: str) -> HttpResponseBase:
    """Wait for the whole answer to the name that was asked for, and return it. Raises the refusals of the answer."""
    async with opened as answer:
        try:
            async with aclosing(answer.events()) as events:
                async for _ in events:
                    pass
        finally:
            await uncancelled(answer.settle())
        report = answer.report
    if report.interrupted:
        raise ShuttingDown
    return JsonResponse(completion(report, asked), headers=routing_headers(report, with_cost=True))


async def answer_streamed(opened: Opened, asked: str, *, include_usage: bool) -> HttpResponseBase:
    """Wait until somebody answers, then return a response that streams.

    Raises the refusals of the answer as long as nothing was said: they still get a status of their own.
    """
    stream = _Stream(asked, include_usage=include_usage)
    await stream.begin(opened)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(
        stream.chunks(),
        content_type="text/event-stream; charset=utf-8",
        headers={**headers, **routing_headers(stream.answer.report, with_cost=False)},
    )


class _Stream:
    """One streamed answer, from the first event to the settlement."""

    answer: OpenedAnswer

    def __init__(self, asked: str, *, include_usage: bool) -> None:
        self._asked = asked
        self._include_usage = include_usage
        self._stack = AsyncExitStack()
        self._first: list[Event] = []
        self._events: AsyncGenerator[Event]
        self._is_started = False
        self._is_ended = False

    async def begin(self, opened: Opened) -> None:
        """Wait for the first word. Ends the answer when there is none, or when the client goes meanwhile."""
        try:
            self.answer = await self._stack.enter_async_context(opened)
            self._events = self.answer.events()
            async for event in self._events:
                if isinstance(event, TextDelta | ToolCalls):
                    self._first.append(event)
                    break
            if self.answer.report.interrupted:
                raise ShuttingDown
        except BaseException:
            await self._end()
            raise
        self._end_with_request()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the server-sent events. An error from here on is an event too: the status has been sent."""
        self._is_started = True
        writer = Chunks(self.answer.report, self._asked, include_usage=self._include_usage)
        try:
            yield writer.role()
            async for event in self._all_events():
                if isinstance(event, TextDelta):
                    yield writer.text(event.text)
                elif isinstance(event, ToolCalls):
                    yield writer.tool_calls(event.calls)
            await self._end()
            for chunk in self._last_chunks(writer):
                yield chunk
        except Refusal as refusal:
            await self._end()
            yield sse(error_body(refusal))
        finally:
            await self._end()

    async def _all_events(self) -> AsyncGenerator[Event]:
        for event in self._first:
            yield event
        async for event in self._events:
            yield event

    def _last_chunks(self, writer: Chunks) -> list[bytes]:
        report = self.answer.report
        if report.interrupted:
            return [sse(error_body(AnswerBrokeOff("The server is being restarted; the answer is not complete.")))]
        usage = [writer.usage(report)] if self._include_usage else []
        return [writer.delta({}, finish_reason(report)), *usage, DONE]

    async def _end(self) -> None:
        """Close the provider's stream and settle, once; also for a client that has gone."""
        if self._is_ended:
            return
        self._is_ended = True
        await uncancelled(self._close())

    async def _close(self) -> None:
        try:
            if hasattr(self, "_events"):
                await self._events.aclose()
            if hasattr(self, "answer"):
                await self.answer.settle()
        finally:
            await self._stack.aclose()

    def _end_with_request(self) -> None:
        """A client that goes before the first chunk was sent leaves a generator that never began to run.

        Its `finally` would never be reached, so the end of the task that serves the request is watched.
        """
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def look(_: object) -> None:
            if not self._is_started:
                _keep(loop.create_task(self._end()))

        if task is not None:
            task.add_done_callback(look)


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
