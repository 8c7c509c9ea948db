"""SQL over the ledger that is true at any moment: rollups where they are current, the records themselves where not.

An hour is *stale* while it has a closed record that the rollups have not seen as it is. One statement reads one
snapshot, so whatever commits meanwhile is either in both halves or in neither: nothing is missed and nothing doubled.
"""

# ruff: noqa: S608 - statements are put together from constants of this package; values are parameters
from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from billing.latency import BOUNDS_MS, BUCKETS

DIMENSIONS = "kind, provider, model, tier, agent_id, agent_slug"
MEASURES = "records, queries, failures, estimates, input_tokens, output_tokens, cached_tokens, cost, baseline_cost"

_BUCKET = f"CASE WHEN outcome IN ('final', 'estimated') THEN width_bucket(latency_ms, ARRAY{BOUNDS_MS}) END"
_COUNTS = ", ".join(f"count(*) FILTER (WHERE bucket = {bucket})" for bucket in range(BUCKETS))

# What a set of usage records adds up to, without time: the one definition behind hours, live tail and tests.
SUMS = f"""
count(*) AS records,
count(*) FILTER (WHERE answers) AS queries,
count(*) FILTER (WHERE outcome IN ('refused', 'failed')) AS failures,
count(*) FILTER (WHERE outcome = 'estimated') AS estimates,
coalesce(sum(input_tokens), 0) AS input_tokens,
coalesce(sum(output_tokens), 0) AS output_tokens,
coalesce(sum(cached_tokens), 0) AS cached_tokens,
coalesce(sum(cost), 0) AS cost,
coalesce(sum(baseline_cost), 0) AS baseline_cost,
ARRAY[{_COUNTS}]::integer[] AS latency_counts
"""
RECORDS = f"(SELECT *, {_BUCKET} AS bucket FROM billing_usagerecord WHERE state = 'closed') AS record"

# Parameters: start, end (whole hours), first_day and last_day (the whole days between them, last one excluded).
LEDGER = f"""
WITH stale AS MATERIALIZED (
  SELECT DISTINCT date_trunc('hour', opened_at) AS hour FROM billing_usagerecord
  WHERE state = 'closed' AND NOT is_rolled_up AND opened_at >= %(start)s AND opened_at < %(end)s
), ledger AS (
  SELECT day::timestamptz AS hour, {DIMENSIONS}, {MEASURES}, latency_counts FROM billing_usageday
  WHERE day >= %(first_day)s AND day < %(last_day)s AND day NOT IN (SELECT hour::date FROM stale)
  UNION ALL
  SELECT hour, {DIMENSIONS}, {MEASURES}, latency_counts FROM billing_usagehour
  WHERE hour >= %(start)s AND hour < %(end)s AND hour NOT IN (SELECT hour FROM stale)
    AND (hour::date < %(first_day)s OR hour::date >= %(last_day)s OR hour::date IN (SELECT hour::date FROM stale))
  UNION ALL
  SELECT date_trunc('hour', opened_at), {DIMENSIONS}, {SUMS} FROM {RECORDS}
  WHERE opened_at >= (SELECT min(hour) FROM stale) AND opened_at < (SELECT max(hour) FROM stale) + interval '1 hour'
    AND date_trunc('hour', opened_at) IN (SELECT hour FROM stale)
  GROUP BY 1, {DIMENSIONS}
)
"""


def window(start: datetime, end: datetime) -> dict[str, object]:
    """Parameters of `LEDGER` for `[start, end)`, both widened to whole hours."""
    start, end = floor_hour(start), ceil_hour(end)
    first_day = start.date() if start.time() == time.min else start.date() + timedelta(days=1)
    last_day = max(end.date(), first_day)
    return {"start": start, "end": end, "first_day": first_day, "last_day": last_day}


def floor_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def ceil_hour(moment: datetime) -> datetime:
    floor = floor_hour(moment)
    return floor if floor == moment else floor + timedelta(hours=1)
