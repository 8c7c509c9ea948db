"""What the list and the board show: filters, views and pages by cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from agents.tickets.models import Ticket
from agents.tickets.states import ALL_STATES, KIND_LABELS, LIFE_CYCLES

PAGE = 50
BOARD_COLUMN = 30

VIEWS = {
    "open": "All open",
    "mine": "Mine",
    "unassigned": "Unassigned",
    "approval": "To approve",
    "resolved": "Resolved",
    "all": "All",
}
SORTS = {"newest": "Newest", "priority": "Priority", "changed": "Last changed"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; unknown values fall back to the default."""

    view: str = "open"
    kind: str = ""
    priority: int = 0
    assignee: str = ""
    words: str = ""
    sort: str = "newest"
    before: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> Filters:
        def pick(name: str, allowed: Any, default: str = "") -> str:
            value = str(query.get(name, ""))
            return value if value in allowed else default

        priority = pick("priority", "12345")
        return cls(
            view=pick("view", VIEWS, "open"),
            kind=pick("kind", KIND_LABELS),
            priority=int(priority) if priority else 0,
            assignee=str(query.get("assignee", ""))[:60],
            words=str(query.get("q", "")).strip()[:200].replace("\0", ""),
            sort=pick("sort", SORTS, "newest"),
            before=str(query.get("before", ""))[:60],
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kind or self.priority or self.assignee or self.words)


def tickets_of(filters: Filters, person: UUID) -> QuerySet[Ticket]:
    """The tickets a list shows, without order. `person` is who looks, for the view “Mine”."""
    rows = Ticket.objects.select_related("assigned_agent")
    if filters.view == "mine":
        rows = rows.open().filter(Q(assigned_person=person) | Q(requester=f"person:{person}"))
    elif filters.view == "unassigned":
        rows = rows.open().filter(assigned_agent=None, assigned_person=None)
    elif filters.view == "approval":
        rows = rows.filter(state="approval")
    elif filters.view == "resolved":
        rows = rows.filter(
            state__in=[s for s in ALL_STATES if all(s in c.closed or s not in c.states for c in LIFE_CYCLES.values())]
        )
    elif filters.view == "open":
        rows = rows.open()
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.priority:
        rows = rows.filter(priority=filters.priority)
    if filters.assignee:
        rows = rows.filter(assigned_agent__slug=filters.assignee)
    return rows.matching(filters.words) if filters.words else rows


def page_of(filters: Filters, rows: QuerySet[Ticket]) -> tuple[list[Ticket], str]:
    """One page and the cursor of the next, empty on the last. Pages by key, so the last is as quick as the first."""
    if filters.sort == "priority":
        rows = _after_priority(rows, filters.before).order_by("priority", "-id")
    elif filters.sort == "changed":
        rows = _after_change(rows, filters.before).order_by("-updated_at", "-id")
    else:
        rows = (rows.filter(id__lt=int(filters.before)) if filters.before.isdigit() else rows).order_by("-id")
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], _cursor(filters.sort, last) if last else ""


def _cursor(sort: str, last: Ticket) -> str:
    if sort == "priority":
        return f"{last.priority}.{last.pk}"
    if sort == "changed":
        return f"{last.updated_at.isoformat()}_{last.pk}"
    return str(last.pk)


def _after_priority(rows: QuerySet[Ticket], before: str) -> QuerySet[Ticket]:
    priority, _, key = before.partition(".")
    if not (priority.isdigit() and key.isdigit()):
        return rows
    return rows.filter(Q(priority__gt=int(priority)) | Q(priority=int(priority), id__lt=int(key)))


def _after_change(rows: QuerySet[Ticket], before: str) -> QuerySet[Ticket]:
    moment, _, key = before.partition("_")
    try:
        at = parse_datetime(moment)
    except ValueError:
        at = None
    if at is None or not key.isdigit():
        return rows
    return rows.filter(Q(updated_at__lt=at) | Q(updated_at=at, id__lt=int(key)))


@dataclass(frozen=True, slots=True)
class Column:
    state: str
    label: str
    count: int
    tickets: list[Ticket]


def board_of(kind: str, counts: Mapping[str, int]) -> list[Column]:
    """The columns of one type's board, most urgent first, `BOARD_COLUMN` cards each at most.

    One query per column: each reads a few rows off the index, where one window over all would sort them all.
    """
    columns = []
    for state, label in LIFE_CYCLES[kind].states.items():
        count = counts.get(state, 0)
        rows = Ticket.objects.filter(kind=kind, state=state).select_related("assigned_agent")
        cards = list(rows.order_by("priority", "-id")[:BOARD_COLUMN]) if count else []
        columns.append(Column(state, label, count, cards))
    return columns
