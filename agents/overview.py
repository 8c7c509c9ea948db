"""What is going on in the organization: the figures, lists and the feed behind the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from agents.models import Agent
from agents.tickets.models import Ticket
from agents.tickets.queries import names_of, needing_a_person
from agents.tickets.states import OPEN_STATES
from audit.actions import describe, icon_of
from audit.models import Entry, Payload
from audit.platform.models import VerificationRun
from audit.verification import latest_verdict
from billing import usage as ledger

BUSIEST = 5
NEWEST = 8
WAITING = 4


@dataclass(frozen=True, slots=True)
class Period:
    """`[start, end)` in UTC, with the words for it: "Queries today"."""

    key: str
    label: str
    words: str
    start: datetime
    end: datetime


def periods(now: datetime | None = None) -> dict[str, Period]:
    """Return the periods to choose from: today, the past seven days, this month."""
    today = (now or timezone.now()).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = today + timedelta(days=1)
    return {
        "today": Period("today", "Today", "today", today, end),
        "week": Period("week", "7 days", "in 7 days", today - timedelta(days=6), end),
        "month": Period("month", "Month", "this month", today.replace(day=1), end),
    }


@dataclass(frozen=True, slots=True)
class Desk:
    """Tickets: how many are open now, and what came and went in the period."""

    open: int
    opened: int
    resolved: int


def desk(period: Period) -> Desk:
    """Count tickets in one pass."""
    return Desk(
        **Ticket.objects.order_by().aggregate(
            open=Count("pk", filter=Q(state__in=OPEN_STATES)),
            opened=Count("pk", filter=Q(opened_at__gte=period.start)),
            resolved=Count("pk", filter=Q(resolved_at__gte=period.start)),
        )
    )


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of the chain: how long it is, and what the last verification said, if there was one."""

    entries: int
    verdict: VerificationRun | None


def chain() -> Chain:
    """Look at the end of the chain and at the last verdict."""
    newest = Entry.objects.values_list("seq", flat=True).first()
    return Chain(newest or 0, latest_verdict())


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows for a period."""

    period: Period
    usage: ledger.Report
    month: Period
    month_usage: ledger.Report
    on_duty: int
    desk: Desk
    waiting: list[Ticket]
    chain: Chain
    busiest: list[BusyAgent]
    happenings: list[Happening]

    @property
    def today(self) -> date:
        return (self.period.end - timedelta(days=1)).date()

    @property
    def waits_many(self) -> bool:
        """True when there may be more waiting than are shown."""
        return len(self.waiting) >= WAITING

    @property
    def spend_chart(self) -> dict[str, Any]:
        return spend_by_day(self.month, self.month_usage)


def look(period_key: str) -> Overview:
    """Gather the overview of the current tenant; an unknown period is today."""
    choices = periods()
    period, month = choices.get(period_key, choices["today"]), choices["month"]
    month_usage = ledger.report(month.start, month.end)
    report = month_usage if period == month else ledger.report(period.start, period.end)
    return Overview(
        period=period,
        usage=report,
        month=month,
        month_usage=month_usage,
        on_duty=Agent.objects.on_duty().count(),
        desk=desk(period),
        waiting=needing_a_person(WAITING),
        chain=chain(),
        busiest=busiest(report),
        happenings=newest_happenings(),
    )


@dataclass(frozen=True, slots=True)
class BusyAgent:
    """An agent and what it did; `agent` is None for questions asked without one, through the API."""

    agent: Agent | None
    slug: str
    tiers: ledger.Tiers
    p95_ms: int | None

    @property
    def name(self) -> str:
        return self.agent.name if self.agent else "Asked without an agent"

    @property
    def about(self) -> str:
        return self.agent.get_level_display() if self.agent else "API"


def busiest(report: ledger.Report) -> list[BusyAgent]:
    """Return the agents with most queries, busiest first."""
    rows = report.agents[:BUSIEST]
    agents = {
        agent.public_id: agent
        for agent in Agent.objects.filter(public_id__in=[row.agent_id for row in rows if row.agent_id])
    }
    return [BusyAgent(agents.get(row.agent_id), row.agent_slug, row.tiers, row.p95_ms) for row in rows]


def spend_by_day(month: Period, report: ledger.Report) -> dict[str, Any]:
    """Return the month up to today as the chart reads it: money by day, gaps as zeros."""
    found = {row.day: row.tiers for row in report.days}
    days = [month.start.date() + timedelta(days=number) for number in range((month.end - month.start).days)]
    parts = [found.get(day, ledger.Tiers()) for day in days]
    return {
        "labels": [*(f"{day.day} {day:%b}" for day in days[:-1]), "Today"],
        "large": [float(part.large.cost) for part in parts],
        "small": [float(part.small.cost) for part in parts],
        "saved": [max(float(part.all.saved), 0.0) for part in parts],
    }


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the chain as the feed tells it. `mark` is the tier of the model, where one answered."""

    seq: int
    at: datetime
    who: str
    words: str
    icon: str
    mark: str = ""
    cost: str = ""
    baseline_cost: str = ""


# A question makes many entries. The feed tells it when asked, when handed over and when answered, and what came of it;
# the choice of a model is told where no answer of an agent follows, as for clients that ask a model directly.
STEPS = frozenset({"chat.conversation.opened", "agents.tool.called"})
CHOICE = "routing.decision.made"
LOOK_BACK = 4


def newest_happenings(limit: int = NEWEST) -> list[Happening]:
    """Return what happened last, newest first, without the steps on the way to an answer that is told anyway."""
    entries = list(Entry.objects.all()[: limit * LOOK_BACK])
    payloads = {row.seq: row.value or {} for row in Payload.objects.filter(seq__in=[entry.seq for entry in entries])}
    told = {payloads[entry.seq].get("query", "") for entry in entries if entry.action != CHOICE} - {""}
    shown = [entry for entry in entries if not _is_told(entry, payloads[entry.seq], told)][:limit]
    names = names_of(entry.actor for entry in shown)
    return [_happening(entry, payloads[entry.seq], names[entry.actor].name) for entry in shown]


def _is_told(entry: Entry, payload: dict[str, Any], told: set[Any]) -> bool:
    return entry.action in STEPS or (entry.action == CHOICE and payload.get("query") in told)


def _happening(entry: Entry, payload: dict[str, Any], who: str) -> Happening:
    tier = str(payload.get("tier", ""))
    return Happening(
        seq=entry.seq,
        at=entry.at,
        who=who[:1].upper() + who[1:],
        words=describe(entry.action, payload).removeprefix(f"{who} "),
        icon=icon_of(entry.action),
        mark=tier if tier in ("small", "large") else "",
        cost=str(payload.get("cost", "")) if tier else "",
        baseline_cost=str(payload.get("baseline_cost", "")) if tier else "",
    )
