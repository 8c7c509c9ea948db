"""What a turn writes: the question, each model call with its settlement, each tool call, hand-overs, the end.

Every function here is one transaction inside the tenant's context, with its audit entries. The conversation's row is
locked in each, so that messages get their numbers one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from agents.chat import conversations
from agents.chat.asking import Begun
from agents.chat.conversations import clean_text
from agents.chat.exceptions import TurnNotFound
from agents.chat.models import Conversation, Message, Turn
from agents.chat.processes import is_alive
from agents.chat.rows import ALWAYS_SAVED, add, lock
from agents.models import Agent
from agents.runtime.events import AgentCard, CallFigures, Total
from agents.tools import Asker, Handoff
from audit.chain import record
from routing.gateway import Outcome
from routing.settlement import settle

# After a crash the numbers of frames that nobody remembers are skipped in one jump; a client that sees it takes a
# snapshot.
FRAMES_LOST_AT_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class ToolRecord:
    """A tool call as it is kept."""

    call_id: str
    name: str
    arguments: str
    result: str
    data: Mapping[str, Any]
    failed: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One model call as it is kept: its message, and the outcome to settle. `is_kept`: a part of it may be there."""

    message_id: UUID
    agent: Agent
    text: str
    outcome: Outcome | None
    state: str = Message.State.COMPLETE
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class End:
    """How a turn ends. `code` and `detail` for failures and stops."""

    state: str
    frame: int
    code: str = ""
    detail: str = ""
    calls: Sequence[CallFigures] = field(default_factory=tuple)


def card(agent: Agent) -> AgentCard:
    return AgentCard(id=agent.public_id, slug=agent.slug, name=agent.name, icon=agent.icon)


def _turn(begun: Begun, conversation: Conversation) -> Turn:
    turn = Turn.objects.get(pk=begun.turn_pk)
    turn.conversation = conversation
    return turn


def keep_partial(begun: Begun, message_id: UUID, agent: Agent, text: str, frame: int) -> None:
    """Store what has been written so far with the number of the frame that carried its end, for late viewers."""
    with transaction.atomic():
        conversation = lock(begun.conversation_pk)
        turn = _turn(begun, conversation)
        if not turn.is_running:
            return
        _write(conversation, turn, message_id, text=text, state=Message.State.WRITING, agent=agent)
        conversation.last_frame = max(conversation.last_frame, frame)
        conversation.save(update_fields=ALWAYS_SAVED)


def _write(conversation: Conversation, turn: Turn, message_id: UUID, *, is_kept: bool = True, **values: Any) -> Message:
    """Make the agent's message, or fill the one that was kept while it was being written."""
    message = conversation.messages.filter(public_id=message_id).first() if is_kept else None
    if message is None:
        return add(conversation, turn, Message.Role.AGENT, public_id=message_id, **values)
    for name, value in values.items():
        setattr(message, name, value)
    message.save(update_fields=list(values))
    return message


def figures_of(agent: Agent, outcome: Outcome) -> CallFigures:
    """What a settled call is shown with."""
    decision = outcome.decision
    return CallFigures(
        agent=card(agent),
        model=outcome.model,
        provider=outcome.provider,
        tier=outcome.tier or (decision.tier if decision else ""),
        score=decision.complexity.score if decision else None,
        threshold=decision.complexity.threshold if decision else None,
        reasons=list(decision.reasons) if decision else [],
        considered=[each.as_json() for each in decision.considered] if decision else [],
        input_tokens=outcome.usage.input_tokens,
        output_tokens=outcome.usage.output_tokens,
        cached_tokens=outcome.usage.cached_tokens,
        cost=outcome.cost,
        baseline_cost=outcome.baseline_cost,
        latency_ms=outcome.latency_ms,
        first_token_ms=outcome.first_token_ms,
    )


def keep_call(begun: Begun, call: CallRecord, frame: int) -> None:
    """Settle a model call that asked for tools, together with its message."""
    with transaction.atomic():
        conversation = lock(begun.conversation_pk)
        turn = _turn(begun, conversation)
        _keep_call(conversation, turn, begun, call)
        conversation.last_frame = max(conversation.last_frame, frame)
        conversation.save(update_fields=ALWAYS_SAVED)


def _keep_call(conversation: Conversation, turn: Turn, begun: Begun, call: CallRecord) -> Message | None:
    values: dict[str, Any] = {"agent": call.agent, "text": clean_text(call.text), "state": call.state}
    if call.outcome is not None:
        settle(call.outcome, actor=begun.question.user.actor)
        figures = figures_of(call.agent, call.outcome)
        if not figures.model and not call.text:
            return None  # no provider answered: the decision keeps that, there is no message
        values |= _columns(figures)
        values["tool_calls"] = [tool_call.as_wire() for tool_call in call.outcome.tool_calls]
    return _write(conversation, turn, call.message_id, is_kept=call.is_kept, **values)


def _columns(figures: CallFigures) -> dict[str, Any]:
    names = ("model", "provider", "tier", "score", "threshold", "reasons", "considered")
    counted = (
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "cost",
        "baseline_cost",
        "latency_ms",
        "first_token_ms",
    )
    return {name: getattr(figures, name) for name in names + counted}


def keep_tool(begun: Begun, agent: Agent, tool: ToolRecord) -> None:
    """Add a tool's message; runs inside the transaction of the tool's own work. Writes `agents.tool.called`."""
    conversation = lock(begun.conversation_pk)
    turn = _turn(begun, conversation)
    add(
        conversation,
        turn,
        Message.Role.TOOL,
        agent=agent,
        state=Message.State.FAILED if tool.failed else Message.State.COMPLETE,
        data={
            "call_id": tool.call_id,
            "name": tool.name,
            "arguments": clean_text(tool.arguments),
            "result": clean_text(tool.result),
            "data": dict(tool.data),
            "failed": tool.failed,
            "duration_ms": tool.duration_ms,
        },
    )
    conversation.save(update_fields=["last_sequence", "updated_at"])
    record(
        action="agents.tool.called",
        target=agent.target,
        actor=agent.actor,
        payload={
            "agent": agent.name,
            "tool": tool.name,
            "failed": tool.failed,
            "duration_ms": tool.duration_ms,
            "conversation": str(begun.conversation_id),
            "query": str(begun.query_id),
            "asked_by": begun.question.user.actor,
        },
    )


def keep_handover(begun: Begun, giver: Agent, handoff: Handoff) -> Agent:
    """Give the conversation to a colleague. Returns them. Writes `chat.conversation.handed_over`."""
    with transaction.atomic():
        conversation = lock(begun.conversation_pk)
        taker = conversations.find_agent(handoff.slug)
        data = {
            "from": {"slug": giver.slug, "name": giver.name, "icon": giver.icon},
            "to": {"slug": taker.slug, "name": taker.name, "icon": taker.icon},
            "reason": handoff.reason,
        }
        add(conversation, _turn(begun, conversation), Message.Role.HANDOVER, agent=taker, data=data)
        conversation.agent = taker
        conversation.save(update_fields=[*ALWAYS_SAVED, "agent"])
        record(
            action="chat.conversation.handed_over",
            target=conversation.target,
            actor=giver.actor,
            payload={"from": giver.name, "to": taker.name, "query": str(begun.query_id)},
        )
    return taker


def finish(begun: Begun, agent: Agent, call: CallRecord | None, end: End) -> Message | None:
    """End the turn, once: settle its last call, keep its message, and say in the chain how it ended.

    Returns the message, if there is one. Does nothing to a turn that has ended before.
    """
    with transaction.atomic():
        conversation = lock(begun.conversation_pk)
        turn = _turn(begun, conversation)
        message = _keep_call(conversation, turn, begun, call) if call is not None else None
        if turn.is_running:
            _end_turn(turn, end)
            if message is not None and message.text:
                conversation.preview = conversations.make_preview(message.text)
            _write_end(turn, agent, message, end)
        conversation.last_frame = max(conversation.last_frame, end.frame)
        conversation.save(update_fields=[*ALWAYS_SAVED, "preview"])
    return message


def _end_turn(turn: Turn, end: End) -> None:
    turn.state = end.state
    turn.error_code, turn.error_detail = end.code, end.detail
    turn.finished_at = timezone.now()
    turn.save(update_fields=["state", "error_code", "error_detail", "finished_at"])


def _write_end(turn: Turn, agent: Agent, message: Message | None, end: End) -> None:
    total = Total.of(end.calls)
    stopped = end.state == Turn.State.STOPPED
    payload: dict[str, Any] = {
        "conversation": str(turn.conversation.public_id),
        "query": str(turn.query_id),
        "agent": agent.name,
        "agent_slug": agent.slug,
        "asked_by": turn.actor,
        "calls": len(end.calls),
        "input_tokens": total.input_tokens,
        "output_tokens": total.output_tokens,
        "cost": plain(total.cost),
        "baseline_cost": plain(total.baseline_cost),
    }
    if end.calls:
        last = end.calls[-1]
        payload |= {"model": last.model, "provider": last.provider, "tier": last.tier}
    if end.code:
        payload["code"] = end.code
    record(
        action=f"chat.message.{_VERBS[end.state]}",
        target=message.target if message is not None else turn.conversation.target,
        actor=turn.actor if stopped else agent.actor,
        payload=payload,
    )


_VERBS: dict[str, str] = {
    Turn.State.ANSWERED: "answered",
    Turn.State.STOPPED: "stopped",
    Turn.State.FAILED: "failed",
}


def plain(amount: Decimal) -> str:
    """A decimal without exponent."""
    return f"{amount:f}"


def bury(conversation_id: UUID) -> bool:
    """End the running turn of a conversation whose process is gone. True when there was one.

    The text that had been kept stays. Its usage records are closed by billing's sweeper, as estimated.
    """
    with transaction.atomic():
        found = Conversation.objects.filter(public_id=conversation_id).values_list("pk", flat=True).first()
        if found is None:
            return False
        conversation = lock(found)
        turn = conversation.turns.filter(state=Turn.State.RUNNING).first()
        if turn is None or is_alive(turn.owner):
            return False
        words = "The server was restarted while this was being answered. Ask again; what was written is kept."
        _end_turn(turn, End(Turn.State.FAILED, 0, code="interrupted", detail=words))
        turn.messages.filter(state=Message.State.WRITING).update(state=Message.State.STOPPED)
        conversation.last_frame += FRAMES_LOST_AT_MOST
        conversation.save(update_fields=ALWAYS_SAVED)
        record(
            action="chat.message.failed",
            target=conversation.target,
            actor="system:chat",
            payload={"agent": conversation.agent.name, "code": "interrupted", "query": str(turn.query_id)},
        )
    return True


def bury_all() -> int:
    """End all turns whose process is gone, for those to whose conversation nobody comes back. Returns how many."""
    running = Turn.objects.filter(state=Turn.State.RUNNING)
    return sum(bury(each) for each in list(running.values_list("conversation__public_id", flat=True)))


def request_stop(user: Asker, *, turn_id: UUID | None, conversation_id: UUID | None) -> tuple[UUID, str]:
    """Note that the asker wants a running turn of theirs stopped; returns its id and the process that runs it.

    Raises TurnNotFound when nothing of theirs runs there.
    """
    turns = Turn.objects.filter(state=Turn.State.RUNNING, conversation__in=conversations.conversations_of(user))
    if turn_id is not None:
        turns = turns.filter(public_id=turn_id)
    else:
        turns = turns.filter(conversation__public_id=conversation_id)
    turn = turns.first()
    if turn is None:
        raise TurnNotFound("No answer of yours is being written there.")
    Turn.objects.filter(pk=turn.pk, stop_requested_at__isnull=True).update(stop_requested_at=timezone.now())
    return turn.public_id, turn.owner


def new_message_id() -> UUID:
    return uuid4()
