"""The face of the limits: what features ask before they spend.

| ask | where | kept in |
| --- | --- | --- |
| `admit_request` | before any work on a request | Redis |
| `claim` | in the transaction that inserts the agent or ticket | a counter row |
| `reserve_spend` | before a model is asked | the month's row |

All of them are atomic, and without an answer from their store nobody is let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.admission import WINDOW_S, RateLimit, admit_request, window_use
from billing.counters import claim, release, used
from billing.exceptions import LimitsUnavailable, NoPlan, QuotaExceeded
from billing.limits import QUOTAS, WARN_AT, Limits, Quota, load_limits, next_month
from billing.spend import Reservation, expire_reservations, month_spend, release_spend, reserve_spend

__all__ = [
    "QUOTAS",
    "LimitsUnavailable",
    "NoPlan",
    "Quota",
    "QuotaExceeded",
    "QuotaUse",
    "RateLimit",
    "Reservation",
    "admit_request",
    "claim",
    "expire_reservations",
    "release",
    "release_spend",
    "reserve_spend",
    "usage_overview",
]


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """A quota as pages and the API show it. `limit` None is unlimited, `resets_at` None is never."""

    quota: Quota
    limit: Decimal | None
    used: Decimal
    resets_at: datetime | None
    is_overridden: bool

    @property
    def percent(self) -> Decimal:
        """Share used, 0 to 100, one decimal; 0 without a limit."""
        if self.limit is None:
            return Decimal(0)
        if self.limit == 0:
            return Decimal(100)
        return min(Decimal(100), round(self.used / self.limit * 100, 1))

    @property
    def state(self) -> str:
        """`ok`, `warn` from 80 %, `full` at 100 %."""
        if self.limit is None or self.used < self.limit * WARN_AT:
            return "ok"
        return "full" if self.used >= self.limit else "warn"

    @property
    def used_words(self) -> str:
        return self.quota.words(self.used)

    @property
    def limit_words(self) -> str:
        return "unlimited" if self.limit is None else self.quota.words(self.limit)


def usage_overview(subject: str | None = None, limits: Limits | None = None) -> list[QuotaUse]:
    """Every quota of the current tenant with its use.

    `subject` (`person:UUID`, `key:UUID`) is whose requests of the last minute are shown.
    """
    limits = limits or load_limits()
    return [
        QuotaUse(
            quota, limits.of(quota.name), _used(quota, subject), _resets_at(quota), quota.name in limits.overridden
        )
        for quota in QUOTAS.values()
    ]


def _used(quota: Quota, subject: str | None) -> Decimal:
    if quota.is_money:
        return month_spend().spent
    if quota.period == "minute":
        return Decimal(window_use(subject) if subject else 0)
    return Decimal(used(quota.name))


def _resets_at(quota: Quota) -> datetime | None:
    if quota.period == "month":
        return next_month()
    return timezone.now() + timedelta(seconds=WINDOW_S) if quota.period == "minute" else None
