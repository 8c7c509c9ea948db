"""Distances over given stops, and a short order to visit them in."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

_EARTH_KM = 6371.0088  # mean radius (IUGG)


class Stop(BaseModel):
    """A place to visit."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


Stops = Annotated[list[Stop], Field(min_length=2, max_length=60, description="Stops in the order of the trip")]


@tool(permission=None, source="Logistics")
def route_distance(
    context: ToolContext,
    *,
    stops: Stops,
    speed_kmh: Annotated[float, Field(gt=0, le=1000, description="Mean speed")] = 60,
    minutes_per_stop: Annotated[float, Field(ge=0, le=1440)] = 0,
) -> ToolResult:
    """Add up the great-circle distance over the stops in the order given, with the time at a mean speed.

    Straight lines, not roads: real routes are longer, often by a fifth to a third.
    """
    legs = [distance_km(one, other) for one, other in pairwise(stops)]
    total = sum(legs)
    hours = total / speed_kmh + minutes_per_stop * len(stops) / 60
    lines = [f"{total:.1f} km over {len(stops)} stops in a straight line, about {hours:.1f} h at {speed_kmh:g} km/h."]
    lines += [
        f"- {one.name} to {other.name}: {leg:.1f} km" for one, other, leg in zip(stops, stops[1:], legs, strict=False)
    ]
    return ToolResult("\n".join(lines), data={"kilometres": total, "hours": hours, "legs": legs})


@tool(permission=None, source="Logistics")
def order_stops(
    context: ToolContext,
    *,
    stops: Stops,
    round_trip: Annotated[bool, Field(description="True when the trip ends at its first stop")] = False,
) -> ToolResult:
    """Find a short order of the stops, starting at the first: nearest neighbour, then 2-opt exchanges.

    A good order by straight-line distance, not proven to be the best; opening hours and loads are not considered.
    """
    order = _shorten(_nearest(stops), stops, round_trip)
    before, after = _length(list(range(len(stops))), stops, round_trip), _length(order, stops, round_trip)
    names = [stops[index].name for index in order] + ([stops[0].name] if round_trip else [])
    return ToolResult(
        f"{' → '.join(names)}: {after:.1f} km in straight lines, {before:.1f} km in the order given.",
        data={"order": [stops[index].name for index in order], "kilometres": after, "kilometres_before": before},
    )


def distance_km(one: Stop, other: Stop) -> float:
    """Great-circle distance by the haversine formula."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(other.longitude - one.longitude) / 2
    a = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(a)))


def _length(order: list[int], stops: list[Stop], round_trip: bool) -> float:
    visited = [*order, order[0]] if round_trip else order
    return sum(distance_km(stops[one], stops[other]) for one, other in pairwise(visited))


def _nearest(stops: list[Stop]) -> list[int]:
    order, left = [0], set(range(1, len(stops)))
    while left:
        here = stops[order[-1]]
        nearest = min(left, key=lambda index: (distance_km(here, stops[index]), index))
        order.append(nearest)
        left.remove(nearest)
    return order


def _shorten(order: list[int], stops: list[Stop], round_trip: bool) -> list[int]:
    apart = [[distance_km(one, other) for other in stops] for one in stops]
    improved = True
    while improved:
        improved = False
        for start in range(1, len(order) - 1):
            for end in range(start + 1, len(order)):
                before, first, last = order[start - 1], order[start], order[end]
                after = order[end + 1] if end + 1 < len(order) else (order[0] if round_trip else None)
                gain = apart[before][first] - apart[before][last]
                if after is not None:
                    gain += apart[last][after] - apart[first][after]
                if gain > 1e-9:
                    order[start : end + 1] = reversed(order[start : end + 1])
                    improved = True
    return order
