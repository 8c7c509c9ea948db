"""Quotas that count things: agents at any time, tickets in a UTC month."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from audit.chain import record
from billing.exceptions import QuotaExceeded
from billing.limits import QUOTAS, WARN_AT, Limits, Quota, load_limits, month_of, next_month
from billing.metrics import QUOTA_REFUSALS, QUOTA_WARNINGS
from billing.models import QuotaCounter

# One statement checks and counts: the row lock makes parallel claims wait, and the WHERE sees what they left.
CLAIM = """
INSERT INTO billing_quotacounter AS counter (name, period, used, warned_in) VALUES (%(name)s, %(period)s, %(count)s, '')
ON CONFLICT (name, period) DO UPDATE SET used = counter.used + EXCLUDED.used
WHERE %(limit)s::bigint IS NULL OR counter.used + EXCLUDED.used <= %(limit)s::bigint
RETURNING used, warned_in
"""


def period_of(quota: Quota) -> str:
    return month_of() if quota.period == "month" else ""


def claim(name: str, count: int = 1) -> int:
    """Count `count` more of a quota (`agents`, `tickets_per_month`) inside the caller's transaction.

    Returns how many are used now. The claim stands or falls with the transaction that inserts the thing itself.
    Raises QuotaExceeded when the limit would be passed, TransactionManagementError without a transaction. Writes
    `billing.quota.warned` to the chain when 80 % is reached, once a month.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("claim() needs the transaction that inserts what is claimed.")
    quota, limits = QUOTAS[name], load_limits()
    limit = limits.of(name)
    row = None
    if limit is None or count <= limit:
        parameters = {"name": name, "period": period_of(quota), "count": count}
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {**parameters, "limit": None if limit is None else int(limit)})
            row = cursor.fetchone()
    if row is None:
        raise refusal(quota, limits, Decimal(used(name)))
    _warn_once(quota, limits, used_now=row[0], warned_in=row[1])
    return row[0]


def release(name: str, count: int = 1) -> None:
    """Give back what was claimed (an agent was archived), in the caller's transaction; never below zero."""
    rows = QuotaCounter.objects.filter(name=name, period=period_of(QUOTAS[name]))
    rows.update(used=Greatest(F("used") - count, 0))


def used(name: str) -> int:
    """How many of a counted quota are used in its current period."""
    rows = QuotaCounter.objects.filter(name=name, period=period_of(QUOTAS[name]))
    return rows.values_list("used", flat=True).first() or 0


def refusal(quota: Quota, limits: Limits, usage: Decimal) -> QuotaExceeded:
    """Build and count the refusal of a monthly or standing quota."""
    QUOTA_REFUSALS.labels(quota.name).inc()
    limit = limits.of(quota.name)
    resets_at = next_month() if quota.period == "month" else None
    return QuotaExceeded(
        quota, limit=Decimal(0) if limit is None else limit, usage=usage, resets_at=resets_at, plan=limits.plan_name
    )


def warn(quota: Quota, limits: Limits, usage: Decimal) -> None:
    """Write to the chain that 80 % of a quota is used. The caller sees to it that this happens once."""
    limit = limits.of(quota.name)
    QUOTA_WARNINGS.labels(quota.name).inc()
    record(
        action="billing.quota.warned",
        target=f"billing.quota:{quota.name}",
        actor="system:quotas",
        payload={"quota": quota.label, "usage": quota.words(usage), "limit": quota.words(limit or Decimal(0))},
    )


def _warn_once(quota: Quota, limits: Limits, *, used_now: int, warned_in: str) -> None:
    limit, month = limits.of(quota.name), month_of()
    if limit is None or warned_in == month or used_now < limit * WARN_AT:
        return
    rows = QuotaCounter.objects.filter(name=quota.name, period=period_of(quota)).exclude(warned_in=month)
    if rows.update(warned_in=month):
        warn(quota, limits, Decimal(used_now))
