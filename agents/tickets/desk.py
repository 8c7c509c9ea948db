"""What can be done with tickets. Each use case is one transaction with its history and its audit entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from agents.models import Agent
from agents.tickets.exceptions import NeedsSomebodyElse, NeedsWords, TransitionRefused
from agents.tickets.models import Ticket, TicketChange, TicketComment
from agents.tickets.priorities import LEVELS, priority_of
from agents.tickets.states import LIFE_CYCLES, Transition
from audit.chain import record
from billing import metering, quotas
from tenants.exceptions import Invalid, NotFound
from tenants.members import display_names

EDITABLE = ("title", "description", "impact", "urgency", "tags")
MAX_TITLE, MAX_TEXT, MAX_TAGS = 200, 20_000, 20

NEXT_NUMBER = """
    INSERT INTO tickets_ticketcounter (kind, last) VALUES (%s, 1)
    ON CONFLICT (kind) DO UPDATE SET last = tickets_ticketcounter.last + 1 RETURNING last
"""


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What is known when a ticket is opened. `requester` is an actor; whoever opens it, when empty."""

    title: str
    kind: str = "incident"
    description: str = ""
    impact: str = "medium"
    urgency: str = "medium"
    requester: str = ""
    assigned_agent: Agent | None = None
    conversation: UUID | None = None
    tags: Sequence[str] = field(default_factory=tuple)


def open_ticket(new: NewTicket, *, actor: str) -> Ticket:
    """Open a ticket, with the next number of its type.

    Raises Invalid by field, QuotaExceeded past the month's tickets. Writes `tickets.ticket.opened`.
    """
    fields = _check({"title": new.title, "description": new.description, "impact": new.impact, "urgency": new.urgency})
    if new.kind not in LIFE_CYCLES:
        raise _invalid("kind", f"“{new.kind}” is no type of ticket. Allowed are {', '.join(LIFE_CYCLES)}.")
    tags = _check_tags(new.tags)
    cycle = LIFE_CYCLES[new.kind]
    with transaction.atomic():
        quotas.claim("tickets_per_month")
        ticket = Ticket.objects.create(
            number=_next_number(new.kind),
            kind=new.kind,
            priority=priority_of(new.impact, new.urgency),
            state=cycle.initial,
            requester=new.requester or actor,
            opened_by=actor,
            assigned_agent=new.assigned_agent,
            conversation=new.conversation,
            tags=tags,
            **fields,
        )
        TicketChange.objects.create(ticket=ticket, field="state", after=cycle.initial, actor=actor)
        metering.count("ticket", name=new.kind, conversation_id=new.conversation, **_owner_of(actor))
        _record(ticket, "opened", actor, {"title": ticket.title, "kind": ticket.kind, "requester": ticket.requester})
    return ticket


def _next_number(kind: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [kind])
        (last,) = cursor.fetchone()
    return f"{LIFE_CYCLES[kind].prefix}-{last:06d}"


def _owner_of(actor: str) -> dict[str, Any]:
    kind, _, value = actor.partition(":")
    names = {"person": "person_id", "key": "key_id", "agent": "agent_id"}
    return {names[kind]: UUID(value)} if kind in names else {}


def _invalid(name: str, words: str) -> Invalid:
    return Invalid(words, errors={name: [words]})


def _check(fields: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(fields)
    if "title" in checked:
        checked["title"] = " ".join(str(checked["title"]).split())
        if not 1 <= len(checked["title"]) <= MAX_TITLE:
            raise _invalid("title", f"A ticket needs a title of 1 to {MAX_TITLE} characters.")
    if len(str(checked.get("description", ""))) > MAX_TEXT:
        raise _invalid("description", f"A description has at most {MAX_TEXT:,} characters.")
    for name in ("impact", "urgency"):
        if name in checked and checked[name] not in LEVELS:
            raise _invalid(name, f"“{checked[name]}” is no {name}. Allowed are {', '.join(LEVELS)}.")
    if "tags" in checked:
        checked["tags"] = _check_tags(checked["tags"])
    if any("\0" in value for value in checked.values() if isinstance(value, str)):
        raise _invalid("title", "A text may not hold the character NUL.")
    return checked


def _check_tags(tags: Sequence[str]) -> list[str]:
    cleaned = list(dict.fromkeys(str(tag).strip().lower() for tag in tags if str(tag).strip()))
    if len(cleaned) > MAX_TAGS or any(len(tag) > 40 for tag in cleaned):
        raise _invalid("tags", f"A ticket has at most {MAX_TAGS} tags of 40 characters.")
    return cleaned


def _record(ticket: Ticket, verb: str, actor: str, payload: Mapping[str, Any]) -> None:
    facts = {"number": ticket.number, "priority": ticket.priority, **payload}
    record(f"tickets.ticket.{verb}", f"tickets.ticket:{ticket.public_id}", facts, actor=actor)


def find(reference: str | UUID) -> Ticket:
    """The ticket with this number (`INC-000042`, case does not matter) or public id. Raises NotFound."""
    rows = Ticket.objects.select_related("assigned_agent")
    text = str(reference).strip()
    try:
        ticket = rows.filter(public_id=UUID(text)).first()
    except ValueError:
        ticket = rows.filter(number=text.upper()[:12]).first()
    if ticket is None:
        raise NotFound(f"There is no ticket {text[:40]}.")
    return ticket


def _lock(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_for_update().get(pk=ticket.pk)


def update_ticket(ticket: Ticket, changes: Mapping[str, Any], *, actor: str) -> Ticket:
    """Change title, description, impact, urgency or tags; the priority follows. Writes `tickets.ticket.updated`.

    Raises Invalid by field. Nothing is written when nothing changes.
    """
    unknown = sorted(set(changes) - set(EDITABLE))
    if unknown:
        raise Invalid(
            f"{', '.join(unknown)} cannot be changed here.", errors={n: ["Cannot be changed."] for n in unknown}
        )
    fields = _check(changes)
    with transaction.atomic():
        row = _lock(ticket)
        different = {name: value for name, value in fields.items() if getattr(row, name) != value}
        if not different:
            return row
        wanted = {name: different.get(name, getattr(row, name)) for name in ("impact", "urgency")}
        priority = priority_of(wanted["impact"], wanted["urgency"])
        if priority != row.priority:
            different["priority"] = priority
        for name, value in different.items():
            _change(row, name, value, actor)
        _save(row, *different)
        _record(row, "updated", actor, {"fields": ", ".join(different)})
    return row


def _change(ticket: Ticket, name: str, value: Any, actor: str, note: str = "") -> None:
    before = getattr(ticket, name)
    TicketChange.objects.create(
        ticket=ticket, field=name, before=_words(before), after=_words(value), note=note, actor=actor
    )
    setattr(ticket, name, value)


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _save(ticket: Ticket, *names: str) -> None:
    ticket.updated_at = timezone.now()
    ticket.save(update_fields=[*names, "updated_at"])


def assign(ticket: Ticket, *, agent: Agent | None = None, person: UUID | None = None, actor: str) -> Ticket:
    """Give the ticket to an agent, to a member, or to nobody. Writes `tickets.ticket.assigned`.

    Raises Invalid for both at once, an archived agent, or a person who is no member.
    """
    if agent is not None and person is not None:
        raise _invalid("assignee", "A ticket is assigned to an agent or to a person, not to both.")
    if agent is not None and agent.is_archived:
        raise _invalid("assignee", f"{agent.name} is archived and takes no tickets.")
    name = agent.name if agent else "nobody"
    if person is not None:
        name = display_names([person]).get(person, "")
        if not name:
            raise _invalid("assignee", "This person is no member of the organization.")
    with transaction.atomic():
        row = _lock(ticket)
        before = row.assigned_agent_id, row.assigned_person
        row.assigned_agent, row.assigned_person = agent, person
        if before == (row.assigned_agent_id, row.assigned_person):
            return row
        TicketChange.objects.create(ticket=row, field="assignee", after=name, actor=actor)
        _save(row, "assigned_agent", "assigned_person")
        _record(row, "assigned", actor, {"assignee": name})
    return row


def comment(ticket: Ticket, text: str, *, actor: str, is_internal: bool = False) -> TicketComment:
    """Say something about a ticket. Raises Invalid for an empty or too long text. Writes `tickets.ticket.commented`."""
    words = text.strip()
    if not words or len(words) > MAX_TEXT or "\0" in words:
        raise _invalid("text", f"A comment has 1 to {MAX_TEXT:,} characters.")
    with transaction.atomic():
        row = _lock(ticket)
        made = TicketComment.objects.create(ticket=row, author=actor, text=words, is_internal=is_internal)
        _save(row)
        _record(row, "commented", actor, {"comment": str(made.public_id), "internal": is_internal})
    return made


def transition(ticket: Ticket, name: str, *, actor: str, note: str = "") -> Ticket:
    """Take one step of the ticket's life cycle. Writes `tickets.ticket.transitioned`.

    Raises TransitionRefused with what is possible, NeedsWords, or NeedsSomebodyElse (an approval by the requester).
    """
    with transaction.atomic():
        row = _lock(ticket)
        step = row.cycle.transition(name)
        if step is None or row.state not in step.sources:
            raise TransitionRefused(row.number, row.cycle, row.state, name)
        words = note.strip()[:MAX_TEXT]
        _check_needs(row, step, words, actor)
        before = row.state
        _change(row, "state", step.target, actor, note=words)
        names = ["state"]
        if "resolution" in step.needs:
            row.resolution = words
            names.append("resolution")
        if row.is_open is (row.resolved_at is not None):
            row.resolved_at = None if row.is_open else timezone.now()
            names.append("resolved_at")
        _save(row, *names)
        _record(row, "transitioned", actor, {"from": before, "to": step.target, "step": step.name, "note": words})
    return row


def _check_needs(ticket: Ticket, step: Transition, words: str, actor: str) -> None:
    if "resolution" in step.needs and not words:
        raise NeedsWords(
            f"Say what was done to “{step.verb.lower()}” {ticket.number}.", errors={"note": ["Say what was done."]}
        )
    if "reason" in step.needs and not words:
        raise NeedsWords(f"Say why {ticket.number} is to “{step.verb.lower()}”.", errors={"note": ["Say why."]})
    if "approval" in step.needs and actor in (ticket.requester, ticket.opened_by):
        raise NeedsSomebodyElse(f"{ticket.number} needs the decision of somebody other than who asked for it.")


def apply(
    ticket: Ticket, *, changes: Mapping[str, Any], comment_text: str = "", step: str = "", note: str = "", actor: str
) -> Ticket:
    """Change fields, comment and take a step together, or nothing of it. Raises what the parts raise."""
    with transaction.atomic():
        row = update_ticket(ticket, changes, actor=actor) if changes else ticket
        if comment_text:
            comment(row, comment_text, actor=actor)
        return transition(row, step, actor=actor, note=note) if step else find(row.public_id)
