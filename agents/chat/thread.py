"""A conversation as its page draws it: turns, and in each who said and did what, with the figures of the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from agents.chat import conversations
from agents.chat.markdown import render_markdown
from agents.chat.models import Conversation, Message, Turn
from agents.models import Agent
from agents.tools import Asker
from audit.models import Entry

THREAD_TURNS = 40
LIST_LENGTH = 60
RETRYABLE = {Turn.State.STOPPED, Turn.State.FAILED}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an agent's message: `text` (HTML), `tool` or `ticket`."""

    kind: str
    html: str = ""
    tool: dict[str, Any] = field(default_factory=dict)
    ticket: dict[str, Any] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """What stands under an answer: who, which model and why, what it cost and would have cost."""

    agent: str
    last: Message
    calls: Sequence[Message]
    tokens: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost: Decimal
    baseline_cost: Decimal
    entry: int | None

    @property
    def audit_url(self) -> str:
        return page_url("audit:entry-detail", self.entry) if self.entry else ""

    @property
    def reason(self) -> str:
        """The telling reason, with a small letter, to stand in a line."""
        return telling_reason(self.last.reasons) or f"{self.last.tier} model"

    @property
    def score_x(self) -> str:
        return _percent(self.last.score)

    @property
    def threshold_x(self) -> str:
        return _percent(self.last.threshold)

    @property
    def score_anchor(self) -> str:
        return _anchor(self.last.score)

    @property
    def threshold_anchor(self) -> str:
        return _anchor(self.last.threshold)


def telling_reason(reasons: Sequence[str]) -> str:
    """What a line has room for: the first reason that speaks of the text; the one before only repeats the score."""
    chosen = str(reasons[1] if len(reasons) > 2 else reasons[0]) if reasons else ""
    return chosen if chosen[1:2].isupper() else chosen[:1].lower() + chosen[1:]


def _percent(fraction: float | None) -> str:
    return f"{(fraction or 0) * 100:.1f}"


def _anchor(fraction: float | None) -> str:
    """Words at the ends of the scale turn inwards."""
    return "start" if (fraction or 0) < 0.12 else "end" if (fraction or 0) > 0.88 else "middle"


@dataclass(slots=True)
class Stretch:
    """What one agent did within a turn."""

    agent: Agent | None
    at: datetime
    parts: list[Part] = field(default_factory=list)
    message_id: UUID | None = None
    text: str = ""
    why: Why | None = None
    kind: str = "agent"


@dataclass(frozen=True, slots=True)
class Handover:
    giver: dict[str, str]
    taker: dict[str, str]
    reason: str
    kind: str = "handover"


@dataclass(frozen=True, slots=True)
class TurnBlock:
    """One question and everything that came of it."""

    turn: Turn
    question: Message | None
    items: Sequence[Stretch | Handover]

    @property
    def can_retry(self) -> bool:
        return self.turn.state in RETRYABLE


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations under one heading of the list."""

    title: str
    conversations: Sequence[Conversation]


@dataclass(frozen=True, slots=True)
class Today:
    answers: int
    cost: Decimal


def blocks_of(conversation: Conversation, *, turn_id: UUID | None = None) -> list[TurnBlock]:
    """The last 40 turns of a conversation, oldest first, or the one asked for."""
    turns = conversation.turns.order_by("-id")
    if turn_id is not None:
        turns = turns.filter(public_id=turn_id)
    chosen = list(turns[:THREAD_TURNS])[::-1]
    rows = Message.objects.filter(turn__in=chosen).select_related("agent").order_by("turn_id", "sequence")
    messages = {turn_pk: list(group) for turn_pk, group in groupby(rows, key=lambda row: row.turn_id)}
    entries = _entries_of([message for group in messages.values() for message in group])
    return [_block(turn, messages.get(turn.pk, []), entries) for turn in chosen]


def _entries_of(messages: Sequence[Message]) -> dict[str, int]:
    """The entries of the audit chain that tell how the messages ended, by target."""
    targets = [message.target for message in messages if message.model]
    found = Entry.objects.filter(target__in=targets, action__startswith="chat.message.")
    return dict(found.values_list("target", "seq"))


def has_older(conversation: Conversation, blocks: Sequence[TurnBlock]) -> bool:
    return bool(blocks) and conversation.turns.filter(pk__lt=blocks[0].turn.pk).exists()


def _block(turn: Turn, messages: Sequence[Message], entries: Mapping[str, int]) -> TurnBlock:
    question = next((message for message in messages if message.role == Message.Role.PERSON), None)
    items: list[Stretch | Handover] = []
    for message in messages:
        if message.role == Message.Role.HANDOVER:
            items.append(Handover(message.data["from"], message.data["to"], message.data.get("reason", "")))
        elif message.role != Message.Role.PERSON:
            _add_to_stretch(items, message)
    shown = [item for item in items if isinstance(item, Handover) or item.parts]
    if not turn.is_running:
        _explain(shown, messages, entries)
    return TurnBlock(turn, question, shown)


def _add_to_stretch(items: list[Stretch | Handover], message: Message) -> None:
    last = items[-1] if items else None
    if not isinstance(last, Stretch) or last.agent != message.agent:
        last = Stretch(message.agent, message.created_at)
        items.append(last)
    if message.role == Message.Role.TOOL:
        last.parts += _tool_parts(message)
    elif message.text:
        last.parts.append(Part("text", html=render_markdown(message.text)))
        last.message_id, last.text = message.public_id, message.text


def _tool_parts(message: Message) -> list[Part]:
    tool = dict(message.data)
    if tool.get("name") == "hand_over" and not tool.get("failed"):
        return []  # the hand-over line says it
    parts = [Part("tool", tool=tool)]
    ticket = (tool.get("data") or {}).get("ticket")
    if isinstance(ticket, dict) and ticket.get("number") and not tool.get("failed"):
        parts.append(Part("ticket", ticket=ticket, url=ticket_url(ticket)))
    return parts


def _explain(items: Sequence[Stretch | Handover], messages: Sequence[Message], entries: Mapping[str, int]) -> None:
    """Put the query's figures under the last thing that an agent said."""
    calls = [message for message in messages if message.role == Message.Role.AGENT and message.model]
    stretches = [item for item in items if isinstance(item, Stretch)]
    if not calls or not stretches:
        return
    last = calls[-1]
    stretches[-1].why = Why(
        agent=last.agent.name if last.agent else "",
        last=last,
        calls=calls,
        tokens=sum(call.tokens for call in calls),
        input_tokens=sum(call.input_tokens for call in calls),
        cached_tokens=sum(call.cached_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        cost=sum((call.cost for call in calls), Decimal(0)),
        baseline_cost=sum((call.baseline_cost for call in calls), Decimal(0)),
        entry=entries.get(last.target),
    )


def page_url(name: str, *args: Any) -> str:
    """The address of a page, or nothing where it does not exist."""
    try:
        return str(reverse(name, args=args))
    except NoReverseMatch:
        return ""


def ticket_url(ticket: dict[str, Any]) -> str:
    return str(ticket.get("url") or "") or page_url("tickets:ticket-detail", ticket["number"])


def today_of(conversation: Conversation) -> Today:
    """Answers and spend of the conversation since midnight, UTC."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spent = conversation.messages.filter(created_at__gte=midnight).aggregate(cost=Sum("cost"))
    answered = conversation.turns.filter(finished_at__gte=midnight, state=Turn.State.ANSWERED).count()
    return Today(answered, spent["cost"] or Decimal(0))


def groups_of(user: Asker) -> list[Group]:
    """The asker's conversations for the list, under today, this week, and earlier."""
    rows = list(_listed(user)[:LIST_LENGTH])
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=7)
    parts = (
        ("Today", [row for row in rows if row.updated_at >= midnight]),
        ("Earlier this week", [row for row in rows if monday <= row.updated_at < midnight]),
        ("Earlier", [row for row in rows if row.updated_at < monday]),
    )
    return [Group(title, found) for title, found in parts if found]


def _listed(user: Asker) -> Any:
    running = Count("turns", filter=Q(turns__state=Turn.State.RUNNING))
    return (
        conversations.conversations_of(user)
        .filter(state=Conversation.State.OPEN)
        .annotate(running=running)
        .order_by("-updated_at", "-id")
    )
