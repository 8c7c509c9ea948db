"""A guest's day and the price of a stay."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool


class Appointment(BaseModel):
    """Something in a guest's plan, in local time."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    start: datetime
    end: datetime
    travel_minutes_before: Annotated[int, Field(ge=0, le=1440, description="Way from the one before")] = 0

    @model_validator(mode="after")
    def _ends_after_start(self) -> Appointment:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("give local times without an offset")
        if self.end <= self.start:
            raise ValueError("end must lie after start")
        return self


@tool(permission=None, source="Hospitality")
def check_itinerary(
    context: ToolContext, *, appointments: Annotated[list[Appointment], Field(min_length=1, max_length=60)]
) -> ToolResult:
    """Put a guest's appointments in order and find overlaps, ways that are too short, and free time between."""
    plan = sorted(appointments, key=lambda each: (each.start, each.end))
    problems, free = [], []
    for before, after in pairwise(plan):
        gap = after.start - before.end
        way = timedelta(minutes=after.travel_minutes_before)
        if gap < timedelta(0):
            problems.append(f"{after.name} starts {_minutes(-gap)} before {before.name} ends")
        elif gap < way:
            problems.append(f"{_minutes(gap)} between {before.name} and {after.name}, the way takes {_minutes(way)}")
        elif gap - way >= timedelta(minutes=30):
            free.append(f"{before.end:%d %b %H:%M} to {after.start - way:%H:%M} is free")
    lines = [f"- {each.start:%d %b %H:%M} to {each.end:%H:%M}: {each.name}" for each in plan]
    lines += [f"Problem: {words}." for words in problems] or ["No overlaps."]
    lines += [f"{words}." for words in free]
    return ToolResult("\n".join(lines), data={"problems": problems, "free": free})


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)} min"


@tool(permission=None, source="Hospitality")
def stay_price(
    context: ToolContext,
    *,
    arrival: date,
    departure: date,
    rate: Annotated[Decimal, Field(ge=0, le=100_000, description="Price of a night")],
    weekend_rate: Annotated[
        Decimal | None, Field(ge=0, le=100_000, description="Price of Friday and Saturday nights")
    ] = None,
    rooms: Annotated[int, Field(ge=1, le=500)] = 1,
    tax_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0),
) -> ToolResult:
    """Compute the price of a stay from the rates given: nights, weekend nights, rooms, tax. It books nothing."""
    nights = (departure - arrival).days
    if not 1 <= nights <= 365:
        return ToolResult.failure("Departure must lie 1 to 365 days after arrival.")
    weekend = sum((arrival + timedelta(days=day)).weekday() in {4, 5} for day in range(nights))
    net = rooms * (rate * (nights - weekend) + (rate if weekend_rate is None else weekend_rate) * weekend)
    tax = (net * tax_percent / 100).quantize(Decimal("0.01"))
    return ToolResult(
        f"{nights} nights ({weekend} of them Friday or Saturday), {rooms} room(s): "
        f"{net:.2f} and {tax:.2f} tax, {net + tax:.2f} in all.",
        data={"nights": nights, "weekend_nights": weekend, "net": str(net), "tax": str(tax), "total": str(net + tax)},
    )
