"""A ticket's time line: its history and its comments, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from agents.tickets.models import Ticket, TicketChange
from agents.tickets.queries import Name, names_of

FIELD_WORDS = {
    "title": "title",
    "description": "description",
    "impact": "impact",
    "urgency": "urgency",
    "priority": "priority",
    "tags": "tags",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: who did what when; `say` is what they wrote."""

    at: datetime
    who: Name
    words: str
    say: str = ""
    icon: str = ""
    is_internal: bool = False


def timeline(ticket: Ticket) -> list[Line]:
    """All lines of a ticket, newest first."""
    changes = list(ticket.changes.all())
    comments = list(ticket.comments.all())
    names = names_of([c.actor for c in changes] + [c.author for c in comments])
    lines = [
        Line(c.created_at, names[c.author], "noted for the desk" if c.is_internal else "", c.text, "", c.is_internal)
        for c in comments
    ]
    # What one act changed stands in rows of the same moment and actor: one line for all of them.
    for _, group in groupby(
        changes, key=lambda c: (c.actor, c.at.replace(microsecond=0), c.field in ("state", "assignee"))
    ):
        rows = list(group)
        if rows[0].field in ("state", "assignee"):
            lines += [_step(ticket, row, names[row.actor]) for row in rows]
        else:
            lines.append(_edit(rows, names[rows[0].actor]))
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _step(ticket: Ticket, change: TicketChange, who: Name) -> Line:
    if change.field == "assignee":
        return Line(change.at, who, f"assigned it to {change.after}", icon="user-check")
    if not change.before:
        return Line(change.at, who, "opened this", ticket.description, icon="ticket")
    label = ticket.cycle.states.get(change.after, change.after)
    return Line(change.at, who, f"moved it to {label}", change.note, icon="arrow-right")


def _edit(rows: list[TicketChange], who: Name) -> Line:
    parts = []
    for row in rows:
        name = FIELD_WORDS.get(row.field, row.field)
        parts.append(
            name if row.field == "description" else f"{name} from {row.before or 'nothing'} to {row.after or 'nothing'}"
        )
    return Line(rows[-1].at, who, f"changed {', '.join(parts)}", icon="pencil")
