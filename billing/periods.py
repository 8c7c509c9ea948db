"""The periods the costs page offers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.usage import DayUsage, Tiers


@dataclass(frozen=True, slots=True)
class Period:
    """`[start, end)`, the like-named one before it, and the steps its chart is drawn in."""

    key: str
    label: str
    words: str
    start: datetime
    end: datetime
    before: datetime
    before_words: str
    by_month: bool = False


def periods(now: datetime) -> dict[str, Period]:
    """The last 7 days, the current month and the last 12 months, UTC, today included."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end, week, month = today + timedelta(days=1), today - timedelta(days=6), today.replace(day=1)
    year = _months_back(month, 11)
    last_month = _months_back(month, 1)
    return {
        "week": Period("week", "7 days", "in 7 days", week, end, week - timedelta(days=7), "in the 7 days before"),
        "month": Period("month", f"{month:%B}", "this month", month, end, last_month, f"in {last_month:%B}"),
        "year": Period(
            "year", "12 months", "in 12 months", year, end, _months_back(year, 12), "in the year before", by_month=True
        ),
    }


def _months_back(month: datetime, count: int) -> datetime:
    years, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return month.replace(year=years, month=index + 1)


def series(period: Period, days: Iterable[DayUsage]) -> dict[str, dict[str, Any]]:
    """The period as charts read it, a value for each step, gaps as zeros.

    `spend`: money on large and small models, and saved. `share`: queries answered by small and large ones.
    """
    steps: dict[date, Tiers] = {step: Tiers() for step in _steps(period)}
    for day in days:
        step = day.day.replace(day=1) if period.by_month else day.day
        known = steps[step]
        steps[step] = Tiers(known.small + day.tiers.small, known.large + day.tiers.large)
    shape = "%b %Y" if period.by_month else "%-d %b"
    parts = steps.values()
    frame = {"period": "Month" if period.by_month else "Day", "labels": [f"{step:{shape}}" for step in steps]}
    spend = {
        "large": [float(part.large.cost) for part in parts],
        "small": [float(part.small.cost) for part in parts],
        "saved": [max(float(part.all.saved), 0.0) for part in parts],
    }
    share: dict[str, Any] = {
        "small": [part.small.queries for part in parts],
        "large": [part.large.queries for part in parts],
    }
    # Shares of a hundred are an area between days: with fewer than three of them, counts say more.
    share["kind"] = "share" if sum(part.all.queries > 0 for part in parts) > 2 else "queries"
    return {"spend": frame | spend, "share": frame | share}


def _steps(period: Period) -> list[date]:
    day, last = period.start.date(), period.end.date()
    found = []
    while day < last:
        found.append(day)
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1) if period.by_month else day + timedelta(days=1)
    return found
