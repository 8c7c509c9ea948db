"""The one way to a model: decide, reserve, try along the chain, stream, and leave an outcome to settle.

    async with open_answer(call) as answer:
        async for event in answer.events():
            ...
    await in_tenant(call.tenant, keep, answer.outcome)    # calls `settlement.settle` in the caller's transaction

The outcome is complete when the block is left, in whichever way: at the end, by an error, by `break` or by
cancellation. Settle it always; what nobody settles is closed as estimated by the sweeper.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction

from billing.metering import Closing, NewRecord, close_record, open_record
from billing.spend import Reservation, release_spend, reserve_spend
from routing import health, metrics, shutdown
from routing.exceptions import AllProvidersFailed, AnswerBrokeOff, ProviderRejected
from routing.failover import Plan, ProviderFailure, classify
from routing.outcomes import (
    Attempt,
    AttemptFailed,
    Event,
    ModelCall,
    Outcome,
    Started,
    TextDelta,
    ToolCall,
    ToolCalls,
)
from routing.policy import Decision, RouteRequest, decide
from routing.providers.catalogue import ModelOption, cached_catalogue, catalogue
from routing.tokens import count_pictures, estimate_input_tokens, estimate_tokens, question_of
from routing.upstream import Collected, Delta, Usage, ask
from tenants.context import in_tenant

__all__ = [
    "Answer",
    "AttemptFailed",
    "Event",
    "ModelCall",
    "Outcome",
    "Started",
    "TextDelta",
    "ToolCall",
    "ToolCalls",
    "Usage",
    "open_answer",
    "uncancelled",
]

T = TypeVar("T")


@asynccontextmanager
async def open_answer(call: ModelCall) -> AsyncIterator["Answer"]:
    """Open an answer. Raises ShuttingDown while this process ends."""
    answer = Answer(call)
    shutdown.watch(answer)
    try:
        yield answer
    finally:
        await answer.close()


class _Interrupted(Exception):
    """The process is ending: stop here and keep what there is."""


class Answer:
    """An answer on its way. Iterate over `events()` once, then settle `outcome`."""

    def __init__(self, call: ModelCall) -> None:
        self.call = call
        self.outcome = Outcome(call)
        self.loop = asyncio.get_running_loop()
        self._collected = Collected()
        self._events: Any = None
        self._attempt: Attempt | None = None
        self._plan: Plan | None = None
        self._timer: asyncio.Timeout | None = None
        self._is_interrupted = False
        self._input_tokens = 0
        self._started = time.perf_counter()

    async def events(self) -> AsyncGenerator[Event]:
        """Yield what happens. Failover happens before the first `Started`, never after.

        Raises QuotaExceeded, the router's refusals (`routing.exceptions`), AllProvidersFailed when nobody answered, and
        AnswerBrokeOff when the provider fell silent in the middle. Ends early when the process is being stopped.
        """
        self._events = self._run()
        async with aclosing(self._events):
            async for event in self._events:
                yield event

    @property
    def current(self) -> ModelOption | None:
        """The model that answers, or is being asked; nothing before the first attempt."""
        return self._attempt.option if self._attempt else None

    def interrupt(self) -> None:
        """End the answer now, as if the provider had fallen silent. Called in the event loop, at shutdown."""
        self._is_interrupted = True
        if self._timer is not None:
            self._timer.reschedule(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Close the provider's stream if it is still open, and complete the outcome."""
        if self._events is not None:
            await self._events.aclose()
        self._complete()
        shutdown.unwatch_when_settled(self)

    # From the question to a provider ---------------------------------------------------------------------------------

    async def _run(self) -> AsyncGenerator[Event]:
        try:
            await self._decide()
            tries = self._try_chain()
            async with aclosing(tries):
                async for event in tries:
                    yield event
        except _Interrupted:
            self.outcome.interrupted = True
        finally:
            self._complete()

    async def _decide(self) -> None:
        models = cached_catalogue()
        if models is None:
            models = await in_tenant(self.call.tenant, catalogue)
        sick = await health.unhealthy(models.usable())
        self.outcome.decision = decide(self._route_request(), models=models, unhealthy=sick)

    def _route_request(self) -> RouteRequest:
        call = self.call
        self._input_tokens = estimate_input_tokens(call.messages, call.tools)
        return RouteRequest(
            text=question_of(call.messages) if call.text is None else call.text,
            industry=call.tenant.industry,
            requested=call.requested,
            needs_tools=bool(call.tools),
            needs_vision=any(count_pictures(message.get("content")) for message in call.messages),
            needs_json="response_format" in call.parameters,
            input_tokens=self._input_tokens,
            max_output_tokens=call.max_output_tokens,
        )

    async def _try_chain(self) -> AsyncGenerator[Event]:
        plan = self._plan = Plan(self._decision.chain, settings.MODEL_RETRY_BUDGET_S)
        while (step := plan.next_step()) is not None:
            await self._pause(step.delay_s)
            if not await health.may_try(step.option, anyway=step.anyway):
                plan.blocked(step.option)
                continue
            attempt = await self._open_attempt(step.option)
            try:
                tried = self._try(attempt)
                async with aclosing(tried):
                    async for event in tried:
                        yield event
                return
            except ProviderFailure as failure:
                await self._note_failure(attempt, failure)
                plan.failed(step.option, failure)
                yield AttemptFailed(step.option.model, step.option.provider, failure.kind, failure.words)
        await self._give_up()
        failures = {name: failure.words for name, failure in plan.failures.items()}
        raise AllProvidersFailed(failures, plan.retry_after_s)

    async def _pause(self, delay_s: float) -> None:
        if delay_s > 0:
            async with self._watched(None):
                await asyncio.sleep(delay_s)
        if self._is_interrupted:
            raise _Interrupted

    async def _open_attempt(self, option: ModelOption) -> Attempt:
        """Reserve the money if that is still to be done, close the attempt before, and open a usage record."""
        opened = in_tenant(self.call.tenant, self._open_in_database, option)
        try:
            attempt = self._attempt = await uncancelled(opened)
        except BaseException:
            await health.give_back(option)
            raise
        metrics.ATTEMPTS.labels(option.provider, option.model).inc()
        return attempt

    def _open_in_database(self, option: ModelOption) -> Attempt:
        call, decision, outcome = self.call, self._decision, self.outcome
        if outcome.reservation is None:
            outcome.reservation = self._reserve()
        self._close_failed()
        output = decision.request.expected_output_tokens
        record_id = open_record(
            NewRecord(
                query_id=call.query_id,
                provider=option.provider,
                model=option.model,
                tier=option.tier,
                agent_id=call.agent_id,
                agent_slug=call.agent_slug,
                person_id=call.person_id,
                key_id=call.key_id,
                conversation_id=call.conversation_id,
                estimated_input_tokens=self._input_tokens,
                estimated_cost=option.cost(self._input_tokens, output),
                estimated_baseline_cost=decision.baseline_cost(self._input_tokens, output),
            )
        )
        attempt = Attempt(option, record_id)
        outcome.attempts.append(attempt)
        return attempt

    def _reserve(self) -> Reservation:
        """Hold the worst that this call may cost: the longest answer of the dearest model in the chain."""
        worst = max(option.cost(self._input_tokens, self._longest_answer(option)) for option in self._decision.chain)
        return reserve_spend(worst, self.call.query_id)

    def _close_failed(self) -> None:
        for attempt in self.outcome.attempts:
            if attempt.closing is not None and not attempt.is_closed:
                close_record(attempt.record_id, attempt.closing)
                attempt.is_closed = True

    async def _give_up(self) -> None:
        """Nobody answered: the records are closed here and now, and nothing stays reserved."""
        self.outcome.failed = True

        def close() -> None:
            with transaction.atomic():
                self._close_failed()
                release_spend(self.outcome.reservation)

        await uncancelled(in_tenant(self.call.tenant, close))

    # One attempt -----------------------------------------------------------------------------------------------------

    async def _try(self, attempt: Attempt) -> AsyncGenerator[Event]:
        """Send the request and yield the answer. Raises ProviderFailure while nothing was said."""
        collected = self._collected = Collected()
        attempt.is_sent = True
        deltas = ask(
            attempt.option,
            self._request(attempt.option),
            stream=self.call.stream,
            correlation_id=str(attempt.record_id),
        )
        async with aclosing(deltas):
            while (delta := await self._next(deltas, attempt)) is not None:
                collected.add(delta)
                if delta.says_something and not attempt.has_spoken:
                    attempt.has_spoken = True
                    attempt.first_token_ms = attempt.elapsed_ms
                    yield Started(attempt.option.model, attempt.option.provider, self._decision)
                if delta.text:
                    yield TextDelta(delta.text)
        await self._end_well(attempt)
        if not attempt.has_spoken:
            yield Started(attempt.option.model, attempt.option.provider, self._decision)
        if self.outcome.tool_calls:
            yield ToolCalls(self.outcome.tool_calls)

    def _request(self, option: ModelOption) -> dict[str, Any]:
        call = self.call
        request: dict[str, Any] = {
            **call.parameters,
            "messages": list(call.messages),
            "max_tokens": self._longest_answer(option),
        }
        if call.tools:
            request["tools"] = list(call.tools)
        if call.temperature is not None:
            request["temperature"] = call.temperature
        return request

    def _longest_answer(self, option: ModelOption) -> int:
        """The most tokens an answer may have: always sent, so that what is reserved is never passed."""
        room = max(1, option.context_window - self._input_tokens)
        return min(self.call.max_output_tokens or settings.MODEL_MAX_OUTPUT_TOKENS, option.max_output_tokens, room)

    async def _next(self, deltas: AsyncGenerator[Delta], attempt: Attempt) -> Delta | None:
        """Wait for the next delta, but not for ever. Raises ProviderFailure, AnswerBrokeOff, _Interrupted."""
        try:
            async with self._watched(self._patience(attempt)):
                return await anext(deltas, None)
        except (TimeoutError, ProviderFailure) as error:
            failure = classify(error)
            if not attempt.has_spoken:
                raise failure from error
            await self._break_off(attempt, failure)
            raise AnswerBrokeOff(f"{attempt.option.model} broke off its answer ({failure.words}).") from error

    def _patience(self, attempt: Attempt) -> float:
        """Seconds to wait for what comes next."""
        left = settings.MODEL_TOTAL_TIMEOUT_S - attempt.elapsed_ms / 1000
        if self.call.stream and not attempt.has_spoken:
            return min(settings.MODEL_FIRST_TOKEN_TIMEOUT_S - attempt.elapsed_ms / 1000, left)
        return left

    @asynccontextmanager
    async def _watched(self, seconds: float | None) -> AsyncIterator[None]:
        """Like `asyncio.timeout`, but the end of the process ends the wait as well."""
        if self._is_interrupted:
            raise _Interrupted
        try:
            async with asyncio.timeout(seconds) as self._timer:
                yield
        except TimeoutError:
            if self._is_interrupted:
                raise _Interrupted from None
            raise
        finally:
            self._timer = None

    # How an attempt ends ---------------------------------------------------------------------------------------------

    async def _end_well(self, attempt: Attempt) -> None:
        if not self._collected.is_complete and not attempt.has_spoken:
            raise ProviderFailure("unreadable", "answered nothing")
        attempt.closing = self._closing(attempt)
        self._complete()
        await health.note_success(attempt.option, attempt.first_token_ms or attempt.elapsed_ms)

    async def _note_failure(self, attempt: Attempt, failure: ProviderFailure) -> None:
        attempt.closing = Closing(failure.outcome, latency_ms=attempt.elapsed_ms, error=failure.kind)
        metrics.FAILURES.labels(attempt.option.provider, attempt.option.model, failure.kind).inc()
        await health.note_failure(
            attempt.option, opens_breaker=failure.opens_breaker, retry_after_s=failure.retry_after_s
        )
        if failure.is_callers:
            await self._give_up()
            raise ProviderRejected(failure.words, extra={"code": failure.code} if failure.code else None)

    async def _break_off(self, attempt: Attempt, failure: ProviderFailure) -> None:
        attempt.closing = self._closing(attempt, error=failure.kind)
        self.outcome.interrupted = True
        metrics.FAILURES.labels(attempt.option.provider, attempt.option.model, failure.kind).inc()
        await health.note_failure(attempt.option, opens_breaker=failure.opens_breaker)

    def _closing(self, attempt: Attempt, error: str = "") -> Closing:
        """What the attempt used: as the provider told, else counted from what was received."""
        usage = self._collected.usage or self._guess_usage()
        numbers = (usage.input_tokens, usage.output_tokens, usage.cached_tokens)
        return Closing(
            "estimated" if usage.is_estimated else "final",
            *numbers,
            cost=attempt.option.cost(*numbers),
            baseline_cost=self._decision.baseline_cost(*numbers),
            latency_ms=attempt.elapsed_ms,
            first_token_ms=attempt.first_token_ms,
            error=error,
        )

    def _guess_usage(self) -> Usage:
        arguments = "".join(call["name"] + call["arguments"] for call in self._collected.calls.values())
        by_length = estimate_tokens(self._collected.text) + estimate_tokens(arguments)
        # A stream has about a token a chunk, whatever the language; a whole answer is one chunk.
        output = self._collected.pieces if self.call.stream else by_length
        return Usage(self._input_tokens, output, is_estimated=True)

    def _complete(self) -> None:
        """Bring the outcome up to date; an attempt that nobody ended was cut by the caller, or by our own end."""
        attempt, outcome = self._attempt, self.outcome
        if attempt is None:
            return
        if attempt.closing is None:
            outcome.interrupted = True
            attempt.closing = self._closing(attempt, error="interrupted")
            _in_background(health.give_back(attempt.option))
        if outcome.failed or attempt.closing.outcome in ("refused", "failed"):
            outcome.latency_ms = round((time.perf_counter() - self._started) * 1000)
            return
        self._fill(outcome, attempt, attempt.closing)

    def _fill(self, outcome: Outcome, attempt: Attempt, closing: Closing) -> None:
        collected = self._collected
        outcome.text = collected.text
        outcome.tool_calls = () if outcome.interrupted else _tool_calls(collected)
        outcome.finish_reason = collected.finish_reason or ("interrupted" if outcome.interrupted else "stop")
        outcome.usage = Usage(
            closing.input_tokens, closing.output_tokens, closing.cached_tokens, closing.outcome == "estimated"
        )
        outcome.cost, outcome.baseline_cost = closing.cost, closing.baseline_cost
        outcome.model, outcome.provider = attempt.option.model, attempt.option.provider
        outcome.tier = attempt.option.tier
        outcome.latency_ms = closing.latency_ms or 0
        outcome.first_token_ms = attempt.first_token_ms

    @property
    def _decision(self) -> Decision:
        if self.outcome.decision is None:
            raise RuntimeError("Nothing has been decided yet.")
        return self.outcome.decision


def _tool_calls(collected: Collected) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(call["id"] or f"call_{index}", call["name"], call["arguments"])
        for index, call in sorted(collected.calls.items())
    )


_background: set[asyncio.Task[Any]] = set()


def _in_background(work: Coroutine[Any, Any, Any]) -> None:
    """Run something nobody waits for; the set keeps the task from being collected."""
    task = asyncio.get_running_loop().create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)


async def uncancelled(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end even when the caller is cancelled meanwhile; the cancellation comes after it."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
