"""Decisions asked for without a call, and what the decisions of a period came to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Avg, Count, FloatField, Q, QuerySet, Sum

from routing.health import unhealthy_sync
from routing.models import DecisionOutcome, RoutingDecision
from routing.policy import Decision, RouteRequest, decide
from routing.providers.catalogue import catalogue

PERIODS = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query would cost where it would go, and on the large model."""

    input_tokens: int
    output_tokens: int
    cost: Decimal
    baseline_cost: Decimal

    @property
    def saved(self) -> Decimal:
        return self.baseline_cost - self.cost


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over decisions; money in dollars, times in milliseconds, `mean_score` and shares in [0, 1]."""

    decisions: int
    queries: int
    cost: Decimal
    baseline_cost: Decimal
    mean_score: float | None
    failovers: int
    interrupted: int
    failed: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None

    @property
    def saved(self) -> Decimal:
        return self.baseline_cost - self.cost


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of a tier, or of a model."""

    figures: Figures
    tier: str = ""
    model: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The decisions of a period, `until` not included."""

    since: datetime
    until: datetime
    total: Figures
    tiers: list[Group]
    models: list[Group]

    @property
    def small_share(self) -> float | None:
        """The share of decisions that a small model answered."""
        counts = {group.tier: group.figures.decisions for group in self.tiers}
        answered = sum(counts.values())
        return counts.get("small", 0) / answered if answered else None


def decide_here(request: RouteRequest) -> Decision:
    """Return what would be chosen now, with the current health. Needs the tenant's context; makes no call."""
    models = catalogue()
    return decide(request, models=models, unhealthy=unhealthy_sync(models.usable()))


def estimate(decision: Decision, request: RouteRequest) -> Estimate:
    """Return what the query would cost with an answer of ordinary length, or of the length that was asked for."""
    tokens = request.input_tokens, request.max_output_tokens or request.expected_output_tokens
    return Estimate(*tokens, cost=decision.chosen.cost(*tokens), baseline_cost=decision.baseline_cost(*tokens))


def statistics(since: datetime, until: datetime) -> Statistics:
    """Sum up the decisions of a period, in three queries."""
    rows = RoutingDecision.objects.filter(at__gte=since, at__lt=until).order_by()
    answered = rows.exclude(outcome=DecisionOutcome.FAILED)
    return Statistics(
        since=since,
        until=until,
        total=_figures(rows.aggregate(**_sums())),
        tiers=[Group(_figures(row), tier=row["tier"]) for row in _grouped(answered, "tier")],
        models=[
            Group(_figures(row), tier=row["tier"], model=row["model"], provider=row["provider"])
            for row in _grouped(answered, "provider", "model", "tier")
        ],
    )


def _grouped(rows: QuerySet, *names: str) -> QuerySet:
    return rows.values(*names).annotate(**_sums()).order_by(*names)


class _Percentile(Aggregate):
    function = "percentile_cont"
    output_field = FloatField()
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: str, share: float) -> None:
        super().__init__(expression, share=share)


def _sums() -> dict[str, Any]:
    return {
        "decisions": Count("id"),
        "queries": Count("query_id", distinct=True),
        "sum_cost": Sum("cost"),
        "sum_baseline": Sum("baseline_cost"),
        "mean_score": Avg("score"),
        "failovers": Count("id", filter=Q(attempts__gt=1)),
        "interrupted": Count("id", filter=Q(outcome=DecisionOutcome.INTERRUPTED)),
        "failed": Count("id", filter=Q(outcome=DecisionOutcome.FAILED)),
        "latency_p50_ms": _Percentile("latency_ms", 0.5),
        "latency_p95_ms": _Percentile("latency_ms", 0.95),
        "first_token_p50_ms": _Percentile("first_token_ms", 0.5),
        "first_token_p95_ms": _Percentile("first_token_ms", 0.95),
    }


def _figures(row: dict[str, Any]) -> Figures:
    names = [name for name in Figures.__slots__ if name not in ("cost", "baseline_cost")]
    zero = Decimal(0)
    return Figures(
        **{name: row[name] for name in names}, cost=row["sum_cost"] or zero, baseline_cost=row["sum_baseline"] or zero
    )
