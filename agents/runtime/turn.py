"""One turn: the model is asked, tools are run, colleagues take over, until there is an answer or a limit is met.

The question has been stored by `journal.begin`. What follows is asynchronous and touches the database through
`in_tenant` alone. Each model call is settled in the transaction that stores its message; the last one together with
the end of the turn, also when the turn is stopped, runs into a limit, or the process is being ended.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from django.utils import timezone

from agents.chat import journal
from agents.chat.asking import Begun
from agents.chat.journal import CallRecord, End
from agents.chat.models import Message, Turn
from agents.runtime import toolwork
from agents.runtime.briefing import HAND_OVER, Briefing, Progress, brief
from agents.runtime.events import (
    CallRouted,
    HandedOver,
    Sink,
    TicketTouched,
    ToolCalled,
    ToolReturned,
    TurnAnswered,
    TurnFailed,
    TurnStarted,
    TurnStopped,
)
from agents.runtime.limits import LimitReached, Limits
from agents.runtime.memory import first_sentence
from agents.runtime.writing import Writer
from agents.tools import Handoff, ToolResult
from routing.gateway import Event, ModelCall, Outcome, Started, TextDelta, ToolCall, open_answer, uncancelled
from tenants.context import in_tenant
from tenants.exceptions import Refusal

log = structlog.get_logger(__name__)

Ending = TurnAnswered | TurnStopped | TurnFailed
STOPPED_WORDS = {
    "stopped": "Stopped. What was written until then is kept.",
    "shutting-down": "The server is being restarted. What was written until then is kept; ask again to go on.",
}


class TurnRun:
    """Runs a turn that was begun. `run` may be awaited once; `stop` ends it from elsewhere in the same loop."""

    def __init__(
        self, begun: Begun, sink: Sink, limits: Limits | None = None, briefing: Briefing | None = None
    ) -> None:
        self.begun = begun
        self.sink = sink
        self.limits = limits or Limits()
        self.progress = Progress(begun.agent)
        self._first_briefing = briefing
        self.stop_reason = ""
        self.refusal: Refusal | None = None
        self._task: asyncio.Task[Any] | None = None
        self._writer = self._new_writer()
        self._unsettled: Outcome | None = None

    def stop(self, reason: str = "stopped") -> None:
        """End the turn now: the provider's stream is closed, what was written is kept and settled."""
        if not self.stop_reason and self._task is not None:
            self.stop_reason = reason
            self._task.cancel()

    async def run(self) -> Ending:
        """Work until the end and return it. Never raises what happens inside; every end is one of three events."""
        self._task = asyncio.current_task()
        self._emit_start()
        try:
            ending = await self._work_within_limits()
        except Refusal as refusal:
            self.refusal = refusal
            ending = await self._fail(refusal.type, refusal.detail, refusal.extra)
        except asyncio.CancelledError:
            self._uncancel()
            ending = await self._stopped()
        except Exception:
            log.exception("turn failed", turn=str(self.begun.turn_id), agent=self.progress.agent.slug)
            ending = await self._fail("internal", "Something went wrong on our side. The question is kept; ask again.")
        self.sink.emit(ending)
        return ending

    def _uncancel(self) -> None:
        if self._task is not None:
            self._task.uncancel()

    def _emit_start(self) -> None:
        self.sink.emit(
            TurnStarted(
                agent=journal.card(self.begun.agent),
                question_id=self.begun.question_id,
                text=self.begun.question.text,
                actor=self.begun.question.user.actor,
                at=timezone.now(),
            )
        )

    async def _work_within_limits(self) -> Ending:
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._work()
        except TimeoutError:
            raise self._limit("seconds") from None

    def _limit(self, name: str) -> LimitReached:
        return LimitReached(name, getattr(self.limits, name), self.progress.agent.name)

    # The loop --------------------------------------------------------------------------------------------------------

    async def _work(self) -> Ending:
        while True:
            self._check_limits()
            briefing = await self._next_briefing()
            outcome = await self._call(briefing)
            if outcome.interrupted:
                # The process is being stopped; the gateway has ended the call.
                self.stop_reason = "shutting-down"
                return await self._stopped()
            if not outcome.tool_calls:
                return await self._answered(outcome)
            await self._keep_call(outcome)
            handoff = await self._run_tools(briefing, outcome)
            if handoff is not None:
                await self._hand_over(handoff)

    def _check_limits(self) -> None:
        if self.progress.rounds >= self.limits.rounds:
            raise self._limit("rounds")
        if sum(call.cost for call in self.progress.calls) >= self.limits.cost:
            raise self._limit("cost")

    async def _next_briefing(self) -> Briefing:
        """The first was made with the question; for each later call the asker's standing is checked again."""
        first, self._first_briefing = self._first_briefing, None
        if first is not None:
            return first
        return await in_tenant(self.begun.question.tenant, brief, self.begun, self.progress)

    async def _call(self, briefing: Briefing) -> Outcome:
        self.progress.rounds += 1
        self._writer = self._new_writer()
        try:
            async with open_answer(self._model_call(briefing)) as answer:
                self._unsettled = answer.outcome
                async for event in answer.events():
                    self._on_event(event)
        finally:
            await self._writer.close()
        return answer.outcome

    def _new_writer(self) -> Writer:
        return Writer(self.begun, self.progress.agent, journal.new_message_id(), self.sink)

    def _model_call(self, briefing: Briefing) -> ModelCall:
        question, agent = self.begun.question, briefing.agent
        is_key = question.user.actor.startswith("key:")
        return ModelCall(
            tenant=question.tenant,
            query_id=self.begun.query_id,
            messages=briefing.messages,
            tools=briefing.tools,
            text=question.text,
            requested=agent.model_policy if question.requested_model == "auto" else question.requested_model,
            actor=question.user.actor,
            agent_id=agent.public_id,
            agent_slug=agent.slug,
            person_id=None if is_key else question.user.public_id,
            key_id=question.user.public_id if is_key else None,
            conversation_id=self.begun.conversation_id,
        )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._writer.write(event.text)
        elif isinstance(event, Started):
            decision = event.decision
            chosen = next((option for option in decision.chain if option.model == event.model), decision.chosen)
            self.sink.emit(
                CallRouted(
                    agent=journal.card(self.progress.agent),
                    model=event.model,
                    provider=event.provider,
                    tier=chosen.tier,
                    score=decision.complexity.score,
                    threshold=decision.complexity.threshold,
                    reasons=list(decision.reasons),
                )
            )

    async def _keep_call(self, outcome: Outcome) -> None:
        """Settle a call that asked for tools, and remember it for the next."""
        record = self._record(outcome)
        self._writer.is_kept = True  # were the turn ended in the middle of this, its end finds the message
        await uncancelled(
            in_tenant(self.begun.question.tenant, journal.keep_call, self.begun, record, self.sink.number)
        )
        self._settled(outcome)
        self.progress.transcript.append(
            {
                "role": "assistant",
                "content": record.text or None,
                "tool_calls": [call.as_wire() for call in outcome.tool_calls],
            }
        )

    def _record(self, outcome: Outcome | None, state: str = Message.State.COMPLETE) -> CallRecord:
        return CallRecord(
            self._writer.message_id, self.progress.agent, self._writer.text, outcome, state, self._writer.is_kept
        )

    def _settled(self, outcome: Outcome) -> None:
        self.progress.calls.append(journal.figures_of(self.progress.agent, outcome))
        self._unsettled = None

    # Tools and colleagues --------------------------------------------------------------------------------------------

    async def _run_tools(self, briefing: Briefing, outcome: Outcome) -> Handoff | None:
        """Run the calls of one round side by side; returns the hand-over that one of them asked for."""
        calls = outcome.tool_calls
        self.progress.tool_calls += len(calls)
        if self.progress.tool_calls > self.limits.tool_calls:
            raise self._limit("tool_calls")
        room = asyncio.Semaphore(self.limits.parallel)

        async def run_one(call: ToolCall) -> ToolResult:
            async with room:
                return await self._run_tool(briefing, call)

        async with asyncio.TaskGroup() as group:
            running = [group.create_task(run_one(call)) for call in calls]
        results = [task.result() for task in running]
        for call, result in zip(calls, results, strict=True):
            self.progress.transcript.append({"role": "tool", "tool_call_id": call.id, "content": result.text})
            if call.name != HAND_OVER:
                self.progress.done.append(f"- {call.name}: {first_sentence(result.text)}")
        return next((result.handoff for result in results if result.handoff is not None), None)

    async def _run_tool(self, briefing: Briefing, call: ToolCall) -> ToolResult:
        agent = briefing.agent
        self.sink.emit(ToolCalled(journal.card(agent), call.id, call.name, call.arguments))
        result, kept = await uncancelled(
            in_tenant(self.begun.question.tenant, toolwork.perform, self.begun, agent, briefing.user, call)
        )
        self.sink.emit(
            ToolReturned(journal.card(agent), call.id, call.name, kept.result, kept.data, kept.failed, kept.duration_ms)
        )
        ticket = kept.data.get("ticket")
        if isinstance(ticket, dict) and not kept.failed:
            self.sink.emit(TicketTouched(call.name, ticket))
        return result

    async def _hand_over(self, handoff: Handoff) -> None:
        progress = self.progress
        progress.had_it.append(progress.agent.pk)
        if len(progress.had_it) > self.limits.handoffs:
            raise self._limit("handoffs")
        giver = progress.agent
        taker = await uncancelled(
            in_tenant(self.begun.question.tenant, journal.keep_handover, self.begun, giver, handoff)
        )
        progress.agent, progress.transcript = taker, []
        progress.handed_over = f"{giver.name} passed this conversation to you: {handoff.reason}"
        self.sink.emit(HandedOver(journal.card(giver), journal.card(taker), handoff.reason))

    # Three ways to end -----------------------------------------------------------------------------------------------

    async def _answered(self, outcome: Outcome) -> Ending:
        self._settled(outcome)
        await self._finish(self._record(outcome), Turn.State.ANSWERED)
        return TurnAnswered(
            agent=journal.card(self.progress.agent),
            message_id=self._writer.message_id,
            text=self._writer.text,
            calls=list(self.progress.calls),
        )

    async def _stopped(self) -> Ending:
        reason = self.stop_reason or "stopped"
        record = self._cut_record(Message.State.STOPPED)
        await self._finish(record, Turn.State.STOPPED, reason, STOPPED_WORDS[reason])
        return TurnStopped(
            agent=journal.card(self.progress.agent),
            message_id=record.message_id if record is not None and record.text else None,
            text=self._writer.text,
            reason=reason,
            calls=list(self.progress.calls),
        )

    async def _fail(self, code: str, detail: str, extra: dict[str, Any] | None = None) -> Ending:
        await self._finish(self._cut_record(Message.State.FAILED), Turn.State.FAILED, code, detail)
        return TurnFailed(
            agent=journal.card(self.progress.agent),
            code=code,
            detail=detail,
            extra=dict(extra or {}),
            calls=list(self.progress.calls),
        )

    def _cut_record(self, state: str) -> CallRecord | None:
        """What is left of a call that did not come to its end; it is settled with what it used."""
        outcome = self._unsettled
        if outcome is None:
            return None
        if outcome.model:
            self._settled(outcome)
        self._unsettled = None
        was_whole = bool(outcome.model) and not outcome.interrupted
        return self._record(outcome, Message.State.COMPLETE if was_whole else state)

    async def _finish(self, record: CallRecord | None, state: str, code: str = "", detail: str = "") -> None:
        # The frame that tells the end comes after the transaction; its number is given out inside it.
        end = End(state, self.sink.number + 1, code, detail, list(self.progress.calls))
        task = asyncio.get_running_loop().create_task(self._settle(record, end))
        while not task.done():
            # Neither a second Stop nor the end of the process comes between the answer and its settlement.
            with suppress(asyncio.CancelledError):
                await asyncio.shield(task)
        task.result()

    async def _settle(self, record: CallRecord | None, end: End) -> None:
        async with _settling():
            await in_tenant(self.begun.question.tenant, journal.finish, self.begun, self.progress.agent, record, end)


# How many turns of a loop are settled at once. When many people talk, somebody else's first word goes before the last
# stroke under an answer that has been read already.
SETTLE_AT_ONCE = 2
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _settling() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    if loop not in _rooms:
        _rooms[loop] = asyncio.Semaphore(SETTLE_AT_ONCE)
    return _rooms[loop]
