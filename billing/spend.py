"""The monthly limit of model spend: money is held before an answer is asked for, and settled when it is known.

Holding first is what keeps parallel queries within the limit; checking and spending later lets them all through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.counters import refusal, warn
from billing.limits import QUOTAS, WARN_AT, Limits, load_limits
from billing.models import MonthlySpend, SpendReservation
from tenants.context import Tenant, current_tenant, tenant_context

HELD_FOR = timedelta(minutes=15)

# Checks and holds in one statement, see counters.CLAIM; the reservation is written by the same one, which is a
# transaction of its own and the only round trip.
HOLD = """
WITH held AS (
  INSERT INTO billing_monthlyspend AS spend (month, spent, reserved, is_warned)
  VALUES (%(month)s, 0, %(amount)s, false)
  ON CONFLICT (month) DO UPDATE SET reserved = spend.reserved + EXCLUDED.reserved
  WHERE spend.spent + spend.reserved + EXCLUDED.reserved <= %(limit)s
  RETURNING spent, is_warned
), noted AS (
  INSERT INTO billing_spendreservation (public_id, query_id, month, amount, expires_at)
  SELECT %(id)s, %(query)s, %(month)s, %(amount)s, %(expires_at)s FROM held
)
SELECT spent, is_warned FROM held
"""
RELEASE = "DELETE FROM billing_spendreservation WHERE public_id = %s RETURNING month, amount"
CHANGE = """
INSERT INTO billing_monthlyspend AS spend (month, spent, reserved, is_warned) VALUES (%s, %s, %s, false)
ON CONFLICT (month) DO UPDATE SET spent = spend.spent + EXCLUDED.spent, reserved = spend.reserved + EXCLUDED.reserved
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money held for a query; `id` is None when the organization has no limit and nothing is held."""

    id: UUID | None
    query_id: UUID
    amount: Decimal
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Spend:
    spent: Decimal
    reserved: Decimal


def month_start(moment: datetime | None = None) -> date:
    return (moment or timezone.now()).astimezone(UTC).date().replace(day=1)


def reserve_spend(amount: Decimal, query_id: UUID, *, held_for: timedelta = HELD_FOR) -> Reservation:
    """Hold `amount` (USD, the worst price of what is about to be asked) against the month's limit.

    Own short transaction. Release it with `release_spend` in the transaction that closes the records; what a crash
    leaves behind expires after `held_for`. Raises QuotaExceeded when spent, held and new money would pass the limit.
    """
    if amount < 0:
        raise ValueError(f"A reservation cannot be negative: {amount}")
    limits, expires_at = load_limits(), timezone.now() + held_for
    limit = limits.of("spend_per_month")
    if limit is None:
        return Reservation(None, query_id, amount, expires_at)
    wanted = Reservation(uuid4(), query_id, amount, expires_at)
    if _hold(wanted, limits, limit) or (expire_reservations() and _hold(wanted, limits, limit)):
        return wanted
    spend = month_spend()
    raise refusal(QUOTAS["spend_per_month"], limits, spend.spent + spend.reserved)


def release_spend(reservation: Reservation | UUID | None) -> bool:
    """Give held money back, in the caller's transaction. True the first time, False ever after."""
    reservation_id = reservation.id if isinstance(reservation, Reservation) else reservation
    if reservation_id is None:
        return False
    # Without a savepoint of its own: an error here ends the caller's transaction, as it should.
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute(RELEASE, [reservation_id])
            row = cursor.fetchone()
        if row is not None:
            _change_month(row[0], reserved=-row[1])
    return row is not None


def expire_reservations(now: datetime | None = None) -> int:
    """Give back what crashed processes held past its time. Returns how many reservations that were."""
    with transaction.atomic():
        overdue = SpendReservation.objects.filter(expires_at__lte=now or timezone.now())
        # What is being released at this moment is left to whoever does it.
        return _give_back(overdue.select_for_update(skip_locked=True))


def add_spend(cost: Decimal, opened_at: datetime) -> None:
    """Add the cost of a closed record to the month in which it was opened, in the caller's transaction."""
    if cost:
        _change_month(month_start(opened_at), spent=cost)


def month_spend(month: date | None = None) -> Spend:
    """What the month has cost so far, and what is held for answers under way."""
    row = MonthlySpend.objects.filter(month=month or month_start()).first()
    return Spend(row.spent, row.reserved) if row else Spend(Decimal(0), Decimal(0))


def _hold(wanted: Reservation, limits: Limits, limit: Decimal) -> bool:
    if wanted.amount > limit:
        return False
    facts = {"month": month_start(), "amount": wanted.amount, "limit": limit}
    facts |= {"id": wanted.id, "query": wanted.query_id, "expires_at": wanted.expires_at}
    with connection.cursor() as cursor:
        cursor.execute(HOLD, facts)
        row = cursor.fetchone()
    if row is not None:
        _warn_once(limits, spent=row[0], is_warned=row[1])
    return row is not None


def _give_back(reservations: QuerySet) -> int:
    """Delete reservations and take their money off the month. Deleting is what claims: it happens once."""
    found = {row.pk: row for row in reservations}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM billing_spendreservation WHERE id = ANY(%s) RETURNING id", [list(found)])
        gone = [found[pk] for (pk,) in cursor.fetchall()]
    for month in sorted({row.month for row in gone}):
        _change_month(month, reserved=-sum((row.amount for row in gone if row.month == month), Decimal(0)))
    return len(gone)


def _change_month(month: date, *, spent: Decimal = Decimal(0), reserved: Decimal = Decimal(0)) -> None:
    """Change the month's row as one of the last statements before the commit.

    All of a tenant's answers meet at this row; held from the first closing on, it would let one settle at a time. It is
    locked before the head of the audit chain, which is written after everything that `before_commit` collected.
    """
    connection.before_commit(partial(_write_change, current_tenant(), month, spent, reserved))


def _write_change(tenant: Tenant, month: date, spent: Decimal, reserved: Decimal) -> None:
    with tenant_context(tenant), connection.cursor() as cursor:
        cursor.execute(CHANGE, [month, spent, reserved])


def _warn_once(limits: Limits, *, spent: Decimal, is_warned: bool) -> None:
    limit = limits.of("spend_per_month")
    if limit is None or is_warned or spent < limit * WARN_AT:
        return
    with transaction.atomic():
        if MonthlySpend.objects.filter(month=month_start(), is_warned=False).update(is_warned=True):
            warn(QUOTAS["spend_per_month"], limits, spent)
