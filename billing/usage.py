"""What was used: typed figures for pages, the API and other apps, true to the last closed record.

Every function here reads the current tenant and returns values. Instants are widened to whole hours, UTC.
"""

# ruff: noqa: S608 - statements are put together from constants of this package; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from billing.latency import BUCKETS, percentile_ms
from billing.ledger import LEDGER, window
from billing.models import Kind

GroupBy = Literal["total", "hour", "day", "model", "agent", "tier", "kind"]

SUMS = """
coalesce(sum(records), 0)::bigint AS records, coalesce(sum(queries), 0)::bigint AS queries,
coalesce(sum(failures), 0)::bigint AS failures, coalesce(sum(estimates), 0)::bigint AS estimates,
coalesce(sum(input_tokens), 0)::bigint AS input_tokens, coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens,
coalesce(sum(cost), 0) AS cost, coalesce(sum(baseline_cost), 0) AS baseline_cost
"""
GROUPS: dict[str, str] = {
    "total": "",
    "hour": "hour",
    "day": "day",
    "model": "provider, model, tier",
    "agent": "agent_id, agent_slug",
    "tier": "tier",
    "kind": "kind",
}
SUMMARY = LEDGER + "SELECT {columns} {sums} FROM (SELECT *, hour::date AS day FROM ledger) AS ledger {where} {group}"
REPORT = (
    LEDGER
    + f"""
SELECT GROUPING(day) = 0 AS by_day, GROUPING(model) = 0 AS by_model, GROUPING(agent_slug) = 0 AS by_agent,
  GROUPING(tier) = 0 AS by_tier, day, provider, model, tier, agent_id, agent_slug, {SUMS}
FROM (SELECT *, hour::date AS day FROM ledger WHERE kind = 'model_call') AS ledger
GROUP BY GROUPING SETS ((), (tier), (day, tier), (provider, model, tier), (agent_id, agent_slug, tier))
"""
)
LATENCIES = (
    LEDGER
    + "SELECT agent_id, agent_slug, ARRAY["
    + ", ".join(f"coalesce(sum(latency_counts[{bucket}]), 0)::bigint" for bucket in range(1, BUCKETS + 1))
    + "] FROM ledger WHERE kind = 'model_call' GROUP BY agent_id, agent_slug"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over usage records. Money in USD; `baseline_cost` is what all-large would have cost."""

    records: int = 0
    queries: int = 0
    failures: int = 0
    estimates: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal = Decimal(0)
    baseline_cost: Decimal = Decimal(0)

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, name) + getattr(other, name) for name in FIGURES))

    @property
    def saved(self) -> Decimal:
        """Against all-large; negative when failed attempts cost more than routing saved."""
        return self.baseline_cost - self.cost

    @property
    def saved_percent(self) -> Decimal:
        return self.saved / self.baseline_cost * 100 if self.baseline_cost else Decimal(0)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def cost_per_query(self) -> Decimal | None:
        return self.cost / self.queries if self.queries else None


FIGURES = tuple(field.name for field in fields(Figures))
NOTHING = Figures()


def add_up(parts: Iterable[Figures]) -> Figures:
    return sum(parts, NOTHING)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A group and its figures; of the keys those are set that the grouping has."""

    figures: Figures
    hour: datetime | None = None
    day: date | None = None
    kind: str = ""
    provider: str = ""
    model: str = ""
    tier: str = ""
    agent_id: UUID | None = None
    agent_slug: str = ""


def summary(
    start: datetime, end: datetime, group_by: GroupBy = "total", *, kind: str = Kind.MODEL_CALL
) -> list[UsageRow]:
    """Add up the usage in `[start, end)`: by time ascending, else the dearest first.

    Counts model calls unless grouped by `kind`.
    """
    columns = GROUPS[group_by]
    statement = SUMMARY.format(
        columns=f"{columns}," if columns else "",
        sums=SUMS,
        where="" if group_by == "kind" else "WHERE kind = %(kind)s",
        group=f"GROUP BY {columns}" if columns else "",
    )
    rows = [_row(found) for found in _select(statement, {**window(start, end), "kind": kind})]
    if group_by in ("hour", "day"):
        return sorted(rows, key=lambda row: (row.hour, row.day) if row.hour else (row.day,))
    return sorted(rows, key=lambda row: (-row.figures.cost, -row.figures.records, row.model, row.agent_slug))


def total(start: datetime, end: datetime) -> Figures:
    """Everything that model calls used in `[start, end)`."""
    return summary(start, end)[0].figures


@dataclass(frozen=True, slots=True)
class Tiers:
    """Figures of one group by tier."""

    small: Figures = NOTHING
    large: Figures = NOTHING

    @property
    def all(self) -> Figures:
        return self.small + self.large

    @property
    def small_percent(self) -> Decimal:
        """Share of queries that a small model answered."""
        answered = self.small.queries + self.large.queries
        return Decimal(self.small.queries) / answered * 100 if answered else Decimal(0)


@dataclass(frozen=True, slots=True)
class DayUsage:
    day: date
    tiers: Tiers


@dataclass(frozen=True, slots=True)
class AgentUsage:
    agent_id: UUID | None
    agent_slug: str
    tiers: Tiers
    p95_ms: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """One period from every side. The parts of each side add up to `total`."""

    total: Figures
    tiers: Tiers
    days: list[DayUsage]
    models: list[UsageRow]
    agents: list[AgentUsage]


def report(start: datetime, end: datetime) -> Report:
    """Read a period by tier, day, model and agent in two statements; dearest models, busiest agents first."""
    parameters = window(start, end)
    rows = _select(REPORT, parameters)
    by_tier = [row for row in rows if row["by_tier"] and not (row["by_day"] or row["by_model"] or row["by_agent"])]
    models = [_row(row) for row in rows if row["by_model"]]
    return Report(
        total=next(_figures(row) for row in rows if not row["by_tier"]),
        tiers=_tiers(by_tier),
        days=_days([row for row in rows if row["by_day"]]),
        models=sorted(models, key=lambda row: (-row.figures.cost, -row.figures.records, row.model)),
        agents=_agents([row for row in rows if row["by_agent"]], parameters),
    )


def _days(rows: list[dict[str, Any]]) -> list[DayUsage]:
    groups: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["day"]].append(row)
    return [DayUsage(day, _tiers(groups[day])) for day in sorted(groups)]


def _agents(rows: list[dict[str, Any]], parameters: dict[str, object]) -> list[AgentUsage]:
    groups: dict[tuple[UUID | None, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["agent_id"], row["agent_slug"]].append(row)
    p95 = {(agent, slug): percentile_ms(counts, 0.95) for agent, slug, counts in _fetch(LATENCIES, parameters)}
    agents = [AgentUsage(agent, slug, _tiers(group), p95.get((agent, slug))) for (agent, slug), group in groups.items()]
    return sorted(agents, key=lambda agent: (-agent.tiers.all.queries, -agent.tiers.all.cost, agent.agent_slug))


def _tiers(rows: list[dict[str, Any]]) -> Tiers:
    small = add_up(_figures(row) for row in rows if row["tier"] == "small")
    return Tiers(small, add_up(_figures(row) for row in rows if row["tier"] != "small"))


def _row(found: dict[str, Any]) -> UsageRow:
    keys = {name: found[name] for name in UsageRow.__dataclass_fields__ if name in found and found[name] is not None}
    if "hour" in keys:
        keys["hour"] = keys["hour"].astimezone(UTC)
    return UsageRow(_figures(found), **keys)


def _figures(found: dict[str, Any]) -> Figures:
    return Figures(**{name: found[name] for name in FIGURES})


def _fetch(statement: str, parameters: dict[str, object]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _select(statement: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
