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

from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.chat import conversations
from agents.chat.conversations import clean_text
from agents.chat.exceptions import (
    ClientIdReused,
    ConversationArchived,
    ConversationBusy,
    EmptyQuestion,
    QuestionTooLong,
)
from agents.chat.models import CLIENT_ID_LENGTH, MAX_QUESTION_LENGTH, Conversation, Message, Turn
from agents.models import Agent
from agents.runtime import memory
from agents.runtime.events import AgentCard, CallFigures, Total
from agents.runtime.memory import Memory
from agents.tools import Asker, Handoff
from audit.chain import record
from billing.quotas import RateLimit, admit_request
from routing.gateway import Outcome
from routing.settlement import settle
from tenants.context import Tenant
from tenants.exceptions import Forbidden, Invalid

# After a crash the numbers of frames that nobody remembers are skipped in one jump; a client that sees it takes a
# snapshot.
FRAMES_LOST_AT_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks, and where. Without a conversation a new one is opened with `agent_slug` or the front desk.

    `client_id` makes sending it again harmless. `history` replaces the conversation's own memory, for clients that
    bring all messages along (OpenAI's wire format).
    """

    tenant: Tenant
    user: Asker
    text: str
    conversation_id: UUID | None = None
    agent_slug: str | None = None
    client_id: str = ""
    requested_model: str = "auto"
    source: str = Conversation.Source.CHAT
    history: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that is ready to run, or one that had been begun before with the same client id (`is_new` False)."""

    question: Question
    turn_id: UUID
    turn_pk: int
    query_id: UUID
    conversation_id: UUID
    conversation_pk: int
    question_id: UUID
    agent: Agent
    memory: Memory
    frame: int
    rate_limit: RateLimit | None = None
    is_new: bool = True


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
    """One model call as it is kept: its message, and the outcome to settle."""

    message_id: UUID
    agent: Agent
    text: str
    outcome: Outcome | None
    state: str = Message.State.COMPLETE


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


def begin(question: Question, *, owner: str) -> Begun:
    """Admit the question and store it: from here on it is kept, whatever happens to the answer.

    Raises Forbidden, EmptyQuestion, QuestionTooLong, QuotaExceeded, ConversationNotFound, ConversationBusy and
    ClientIdReused. Writes `chat.message.asked` (and `chat.conversation.opened`) in the same transaction.
    """
    text = check_text(question.text)
    if not question.user.has_perm("chat.send_message"):
        raise Forbidden("This needs the permission chat.send_message. Members have it from operator up, keys by scope.")
    if len(question.client_id) > CLIENT_ID_LENGTH:
        raise Invalid(f"A client id has at most {CLIENT_ID_LENGTH} characters.")
    known = _find_begun(question, text)
    if known is not None:
        return known
    rate_limit = admit_request(question.user.actor)
    try:
        with transaction.atomic():
            return _begin(question, text, owner, rate_limit)
    except IntegrityError as error:
        return _explain(error, question, text)


def check_text(text: str) -> str:
    """Return the text as it can be stored. Raises EmptyQuestion, QuestionTooLong."""
    if len(text) > MAX_QUESTION_LENGTH:
        raise QuestionTooLong(len(text))
    if not text.strip():
        raise EmptyQuestion("Write something first.", errors={"text": ["must not be empty"]})
    return clean_text(text)


def _find_begun(question: Question, text: str) -> Begun | None:
    if not question.client_id:
        return None
    turns = Turn.objects.select_related("conversation__agent__role")
    turn = turns.filter(actor=question.user.actor, client_id=question.client_id).first()
    if turn is None:
        return None
    asked = turn.messages.filter(role=Message.Role.PERSON).order_by("sequence").first()
    same_place = question.conversation_id in (None, turn.conversation.public_id)
    if asked is None or asked.text != text or not same_place:
        raise ClientIdReused("The same client id was sent with another message before. Use a new one for each message.")
    conversation = turn.conversation
    return Begun(
        question=question,
        turn_id=turn.public_id,
        turn_pk=turn.pk,
        query_id=turn.query_id,
        conversation_id=conversation.public_id,
        conversation_pk=conversation.pk,
        question_id=asked.public_id,
        agent=conversation.agent,
        memory=Memory("", []),
        frame=conversation.last_frame,
        is_new=False,
    )


def _explain(error: IntegrityError, question: Question, text: str) -> Begun:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if name == "chat_turn_client_id_once":
        known = _find_begun(question, text)
        if known is not None:
            return known
    raise error


def _begin(question: Question, text: str, owner: str, rate_limit: RateLimit) -> Begun:
    user = question.user
    if question.conversation_id is None:
        conversation = conversations.open_conversation(
            user, agent_slug=question.agent_slug, source=question.source, title=text
        )
    else:
        conversation = conversations.find_conversation(question.conversation_id, user)
    conversation = _lock(conversation.pk)
    if conversation.is_archived:
        raise ConversationArchived("This conversation is archived. Open a new one.")
    if conversation.turns.filter(state=Turn.State.RUNNING).exists():
        raise ConversationBusy("An answer is being written here. Wait for it, or stop it first.")
    agent = _agent_for(conversation)
    turn = Turn.objects.create(
        conversation=conversation,
        client_id=question.client_id,
        actor=user.actor,
        owner=owner,
        requested_model=question.requested_model,
    )
    asked = _add(conversation, turn, Message.Role.PERSON, text=text)
    remembered = memory.recall(conversation, agent.memory, before=asked.sequence)
    conversation.agent = agent
    conversation.title = conversation.title or conversations.make_title(text)
    conversation.preview = conversations.make_title(text)
    conversation.save(update_fields=_ALWAYS_SAVED + ["agent", "title", "preview", "summary", "summarised_to"])
    record(
        action="chat.message.asked",
        target=asked.target,
        actor=user.actor,
        payload={
            "conversation": str(conversation.public_id),
            "query": str(turn.query_id),
            "agent": agent.name,
            "agent_slug": agent.slug,
            "characters": len(text),
        },
    )
    return Begun(
        question=question,
        turn_id=turn.public_id,
        turn_pk=turn.pk,
        query_id=turn.query_id,
        conversation_id=conversation.public_id,
        conversation_pk=conversation.pk,
        question_id=asked.public_id,
        agent=agent,
        memory=remembered,
        frame=conversation.last_frame,
        rate_limit=rate_limit,
    )


_ALWAYS_SAVED = ["last_sequence", "last_frame", "updated_at"]


def _lock(conversation_pk: int) -> Conversation:
    return Conversation.objects.select_for_update(of=("self",)).select_related("agent__role").get(pk=conversation_pk)


def _agent_for(conversation: Conversation) -> Agent:
    """Whoever has the conversation, as long as they are on duty; the front desk takes over its own channel."""
    if conversation.agent.is_active:
        return conversation.agent
    if conversation.channel == Conversation.Channel.FRONT_DESK:
        return conversations.find_front_desk()
    return conversations.find_agent(conversation.agent.slug)


def _add(conversation: Conversation, turn: Turn | None, role: str, **values: Any) -> Message:
    conversation.last_sequence += 1
    return Message.objects.create(
        conversation=conversation, turn=turn, sequence=conversation.last_sequence, role=role, **values
    )


def keep_partial(begun: Begun, message_id: UUID, agent: Agent, text: str, frame: int) -> None:
    """Store what has been written so far with the number of the frame that carried its end, for late viewers."""
    with transaction.atomic():
        conversation = _lock(begun.conversation_pk)
        turn = Turn.objects.get(pk=begun.turn_pk)
        if not turn.is_running:
            return
        _write(conversation, turn, message_id, text=text, state=Message.State.WRITING, agent=agent)
        conversation.last_frame = max(conversation.last_frame, frame)
        conversation.save(update_fields=_ALWAYS_SAVED)


def _write(conversation: Conversation, turn: Turn, message_id: UUID, **values: Any) -> Message:
    """Make the agent's message, or fill the one that was kept while it was being written."""
    message = conversation.messages.filter(public_id=message_id).first()
    if message is None:
        return _add(conversation, turn, Message.Role.AGENT, public_id=message_id, **values)
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
        conversation = _lock(begun.conversation_pk)
        turn = Turn.objects.get(pk=begun.turn_pk)
        _keep_call(conversation, turn, begun, call)
        conversation.last_frame = max(conversation.last_frame, frame)
        conversation.save(update_fields=_ALWAYS_SAVED)


def _keep_call(conversation: Conversation, turn: Turn, begun: Begun, call: CallRecord) -> Message | None:
    values: dict[str, Any] = {"agent": call.agent, "text": clean_text(call.text), "state": call.state}
    if call.outcome is not None:
        settle(call.outcome, actor=begun.question.user.actor)
        figures = figures_of(call.agent, call.outcome)
        if not figures.model and not call.text:
            return None  # no provider answered: the decision keeps that, there is no message
        values |= _columns(figures)
        values["tool_calls"] = [tool_call.as_wire() for tool_call in call.outcome.tool_calls]
    return _write(conversation, turn, call.message_id, **values)


def _columns(figures: CallFigures) -> dict[str, Any]:
    names = ("model", "provider", "tier", "score", "threshold", "reasons", "considered")
    counted = ("input_tokens", "output_tokens", "cached_tokens", "cost", "baseline_cost", "latency_ms", "first_token_ms")
    return {name: getattr(figures, name) for name in names + counted}


def keep_tool(begun: Begun, agent: Agent, tool: ToolRecord) -> None:
    """Add a tool's message; runs inside the transaction of the tool's own work. Writes `agents.tool.called`."""
    conversation = _lock(begun.conversation_pk)
    turn = Turn.objects.get(pk=begun.turn_pk)
    _add(
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
        conversation = _lock(begun.conversation_pk)
        taker = conversations.find_agent(handoff.slug)
        data = {
            "from": {"slug": giver.slug, "name": giver.name, "icon": giver.icon},
            "to": {"slug": taker.slug, "name": taker.name, "icon": taker.icon},
            "reason": handoff.reason,
        }
        _add(conversation, Turn.objects.get(pk=begun.turn_pk), Message.Role.HANDOVER, agent=taker, data=data)
        conversation.agent = taker
        conversation.save(update_fields=_ALWAYS_SAVED + ["agent"])
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
        conversation = _lock(begun.conversation_pk)
        turn = Turn.objects.get(pk=begun.turn_pk)
        message = _keep_call(conversation, turn, begun, call) if call is not None else None
        if turn.is_running:
            _end_turn(turn, end)
            if message is not None and message.text:
                conversation.preview = conversations.make_title(message.text)
            _write_end(conversation, turn, begun, agent, message, end)
        conversation.last_frame = max(conversation.last_frame, end.frame)
        conversation.save(update_fields=_ALWAYS_SAVED + ["preview"])
    return message


def _end_turn(turn: Turn, end: End) -> None:
    turn.state = end.state
    turn.error_code, turn.error_detail = end.code, end.detail
    turn.finished_at = timezone.now()
    turn.save(update_fields=["state", "error_code", "error_detail", "finished_at"])


def _write_end(
    conversation: Conversation, turn: Turn, begun: Begun, agent: Agent, message: Message | None, end: End
) -> None:
    total = Total.of(end.calls)
    stopped = end.state == Turn.State.STOPPED
    payload: dict[str, Any] = {
        "conversation": str(conversation.public_id),
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
        target=message.target if message is not None else conversation.target,
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


def bury(conversation_id: UUID, *, is_alive: Mapping[str, bool]) -> bool:
    """End the running turn of a conversation whose process is gone. True when there was one.

    The text that had been kept stays. Its usage records are closed by billing's sweeper, as estimated.
    """
    with transaction.atomic():
        found = Conversation.objects.filter(public_id=conversation_id).values_list("pk", flat=True).first()
        if found is None:
            return False
        conversation = _lock(found)
        turn = conversation.turns.filter(state=Turn.State.RUNNING).first()
        if turn is None or is_alive.get(turn.owner, True):
            return False
        words = "The server was restarted while this was being answered. Ask again; what was written is kept."
        _end_turn(turn, End(Turn.State.FAILED, 0, code="interrupted", detail=words))
        turn.messages.filter(state=Message.State.WRITING).update(state=Message.State.STOPPED)
        conversation.last_frame += FRAMES_LOST_AT_MOST
        conversation.save(update_fields=_ALWAYS_SAVED)
        record(
            action="chat.message.failed",
            target=conversation.target,
            actor="system:chat",
            payload={"agent": conversation.agent.name, "code": "interrupted", "query": str(turn.query_id)},
        )
    return True


def new_message_id() -> UUID:
    return uuid4()
