"""Hourly and daily sums of the usage records, made again from the records whenever one of their hour has changed.

A record that is new or has changed says so itself (`is_rolled_up` is false). An hour with such a record is deleted and
inserted again from all of its records, its day from its hours, and the platform's table from its days, in one
transaction. Running twice, at the same time, or after a crash gives the same rows. A record that commits while its hour
is being summed keeps its flag and is seen by the next run.
"""

# ruff: noqa: S608 - statements are put together from constants of this package; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing.latency import BUCKETS
from billing.ledger import DIMENSIONS, MEASURES, RECORDS, SUMS
from billing.metrics import ROLLED_UP
from tenants.context import current_tenant

# One run at a time in a tenant; released by the commit.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('billing.rollups'), hashtext(current_schema()))"
# The oldest stale hours, no more than two days of them: a transaction stays short, and reads one stretch of records.
STALE_HOURS = """
SELECT DISTINCT date_trunc('hour', opened_at) AS hour FROM billing_usagerecord
WHERE state = 'closed' AND NOT is_rolled_up AND opened_at < (
  SELECT date_trunc('hour', min(opened_at)) FROM billing_usagerecord WHERE state = 'closed' AND NOT is_rolled_up
) + interval '2 days' ORDER BY hour
"""
# A range for the index and a hashed list: joining with the hours made the planner compare each record with each hour.
OF_THE_HOURS = """
opened_at >= %(first)s AND opened_at < %(last)s + interval '1 hour' AND date_trunc('hour', opened_at) = ANY(%(hours)s)
"""
# The flags go first: what changes after this statement sets its flag back and makes the hour stale again.
MARK = f"""
UPDATE billing_usagerecord SET is_rolled_up = true
WHERE {OF_THE_HOURS} AND state = 'closed' AND NOT is_rolled_up
"""
DELETE_HOURS = "DELETE FROM billing_usagehour WHERE hour = ANY(%(hours)s)"
INSERT_HOURS = f"""
INSERT INTO billing_usagehour (hour, {DIMENSIONS}, {MEASURES}, latency_counts)
SELECT date_trunc('hour', opened_at), {DIMENSIONS}, {SUMS} FROM {RECORDS} WHERE {OF_THE_HOURS} GROUP BY 1, {DIMENSIONS}
"""
_SUM_MEASURES = ", ".join(f"sum({measure})" for measure in MEASURES.split(", "))
_SUM_COUNTS = ", ".join(f"sum(latency_counts[{bucket}])" for bucket in range(1, BUCKETS + 1))
DELETE_DAYS = "DELETE FROM billing_usageday WHERE day = ANY(%(days)s)"
INSERT_DAYS = f"""
INSERT INTO billing_usageday (day, {DIMENSIONS}, {MEASURES}, latency_counts)
SELECT day, {DIMENSIONS}, {_SUM_MEASURES}, ARRAY[{_SUM_COUNTS}]::integer[] FROM unnest(%(days)s::date[]) AS day
JOIN billing_usagehour ON hour >= day::timestamptz AND hour < (day + 1)::timestamptz GROUP BY day, {DIMENSIONS}
"""
_SHARED = "kind, provider, model, tier"
_SHARED_MEASURES = MEASURES.replace("estimates, ", "")
_SUM_SHARED = ", ".join(f"sum({measure})" for measure in _SHARED_MEASURES.split(", "))
DELETE_SHARED = "DELETE FROM billing_platform_platformusagedaily WHERE organization_id = %(id)s AND day = ANY(%(days)s)"
INSERT_SHARED = f"""
INSERT INTO billing_platform_platformusagedaily (organization_id, day, {_SHARED}, {_SHARED_MEASURES})
SELECT %(id)s, day, {_SHARED}, {_SUM_SHARED} FROM billing_usageday WHERE day = ANY(%(days)s) GROUP BY day, {_SHARED}
"""


def roll_up() -> int:
    """Bring the current tenant's rollups up to date. Returns how many hours were made."""
    done = 0
    while hours := _roll_up_some():
        done += hours
    ROLLED_UP.inc(done)
    return done


def rebuild() -> int:
    """Make all rollups again from the records. What stands there afterwards is what stood there before."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute("UPDATE billing_usagerecord SET is_rolled_up = false WHERE is_rolled_up")
        cursor.execute("DELETE FROM billing_usagehour")
        cursor.execute("DELETE FROM billing_usageday")
    return roll_up()


def _roll_up_some() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute(STALE_HOURS)
        hours: list[datetime] = [row[0] for row in cursor.fetchall()]
        if hours:
            _make_hours(cursor, hours)
            _make_days(cursor, sorted({hour.astimezone(UTC).date() for hour in hours}))
    return len(hours)


def _make_hours(cursor: CursorWrapper, hours: Sequence[datetime]) -> None:
    for statement in (MARK, DELETE_HOURS, INSERT_HOURS):
        cursor.execute(statement, {"hours": hours, "first": hours[0], "last": hours[-1]})


def _make_days(cursor: CursorWrapper, days: Sequence[date]) -> None:
    for statement in (DELETE_DAYS, INSERT_DAYS, DELETE_SHARED, INSERT_SHARED):
        cursor.execute(statement, {"days": days, "id": current_tenant().id})
