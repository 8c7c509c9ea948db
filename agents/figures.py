"""What agents did and cost, as their pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from billing.usage import AgentUsage, Report, report


@dataclass(frozen=True, slots=True)
class Load:
    """An agent's share of a period. Money in USD."""

    queries: int = 0
    small: int = 0
    large: int = 0
    cost: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)
    p95_ms: int | None = None
    error_share: float | None = None

    @property
    def is_idle(self) -> bool:
        return self.queries == 0 and self.cost == 0


IDLE = Load()


def load_of(usage: AgentUsage) -> Load:
    """Boil an agent's usage down; `error_share` counts failed attempts among all attempts."""
    both = usage.tiers.all
    return Load(
        queries=both.queries,
        small=usage.tiers.small.queries,
        large=usage.tiers.large.queries,
        cost=both.cost,
        saved=both.saved,
        p95_ms=usage.p95_ms,
        error_share=both.failures / both.records if both.records else None,
    )


def loads_today() -> dict[UUID, Load]:
    """The load of each agent since midnight UTC, by its public id; agents that did nothing are left out."""
    return loads(report(midnight(), timezone.now()))


def loads_of_days(days: int) -> dict[UUID, Load]:
    """The load of each agent over the last `days` days, today included."""
    return loads(report(midnight() - timedelta(days=days - 1), timezone.now()))


def loads(of: Report) -> dict[UUID, Load]:
    return {usage.agent_id: load_of(usage) for usage in of.agents if usage.agent_id is not None}


def midnight() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
