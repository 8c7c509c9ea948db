"""Is a process in control, and is it good enough?"""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, stdev
from typing import Annotated

from pydantic import Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

Measured = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
_D2 = 1.128  # expected range of two values in deviations (NIST/SEMATECH e-Handbook, 6.3.2.2)


@tool(permission=None, source="Manufacturing")
def control_chart(
    context: ToolContext,
    *,
    values: Annotated[
        list[Measured], Field(min_length=8, max_length=5000, description="Measurements in order of production")
    ],
) -> ToolResult:
    """Check single measurements with an individuals chart: limits, points and runs out of control.

    Rules: one point beyond three deviations; eight in a row on one side of the mean; six in a row rising or falling.
    """
    centre = fmean(values)
    spread = fmean(abs(after - before) for before, after in pairwise(values)) / _D2
    upper, lower = centre + 3 * spread, centre - 3 * spread
    signals = _outside(values, lower, upper) + _one_side(values, centre) + _trend(values)
    verdict = "out of control" if signals else "in control by these rules"
    lines = [f"Mean {centre:.4g}, limits {lower:.4g} to {upper:.4g}, {len(values)} points: {verdict}."]
    lines += [f"- {words}" for words in signals[:20]]
    data = {"mean": centre, "lower": lower, "upper": upper, "in_control": not signals, "signals": signals}
    return ToolResult("\n".join(lines), data=data)


def _outside(values: list[float], lower: float, upper: float) -> list[str]:
    return [
        f"point {position} ({value:g}) lies {'above the upper' if value > upper else 'below the lower'} limit"
        for position, value in enumerate(values, start=1)
        if value > upper or value < lower
    ]


def _one_side(values: list[float], centre: float) -> list[str]:
    return _runs(
        [(value > centre) - (value < centre) for value in values], 8, "on one side of the mean", first_counts=True
    )


def _trend(values: list[float]) -> list[str]:
    # Six points rising are five steps up.
    steps = [(after > before) - (after < before) for before, after in pairwise(values)]
    return _runs(steps, 5, "rising or falling", first_counts=False)


def _runs(signs: list[int], least: int, words: str, *, first_counts: bool) -> list[str]:
    found, start = [], 0
    for position in range(1, len(signs) + 1):
        if position == len(signs) or signs[position] != signs[start]:
            if signs[start] != 0 and position - start >= least:
                last = position if first_counts else position + 1
                found.append(f"points {start + 1} to {last} are {words}")
            start = position
    return found


@tool(permission=None, source="Manufacturing")
def process_capability(
    context: ToolContext,
    *,
    values: Annotated[list[Measured], Field(min_length=10, max_length=5000)],
    lower_limit: Annotated[Measured | None, Field(description="Lower specification limit")] = None,
    upper_limit: Annotated[Measured | None, Field(description="Upper specification limit")] = None,
) -> ToolResult:
    """Compute process performance against specification limits (Pp, Ppk) and count the values outside them."""
    if lower_limit is None and upper_limit is None:
        return ToolResult.failure("Give a lower limit, an upper limit or both; capability is measured against them.")
    if lower_limit is not None and upper_limit is not None and lower_limit >= upper_limit:
        return ToolResult.failure("The lower limit must be under the upper one.")
    mean, deviation = fmean(values), stdev(values)
    if deviation == 0:
        return ToolResult.failure("All values are equal; check the gauge, no capability can be computed.")
    sides = [] if lower_limit is None else [(mean - lower_limit) / (3 * deviation)]
    sides += [] if upper_limit is None else [(upper_limit - mean) / (3 * deviation)]
    ppk = min(sides)
    outside = sum(
        (lower_limit is not None and each < lower_limit) or (upper_limit is not None and each > upper_limit)
        for each in values
    )
    data: dict[str, float] = {"mean": mean, "deviation": deviation, "ppk": ppk, "outside": outside}
    text = f"Mean {mean:.4g}, deviation {deviation:.4g}, Ppk {ppk:.2f}"
    if lower_limit is not None and upper_limit is not None:
        data["pp"] = (upper_limit - lower_limit) / (6 * deviation)
        text += f", Pp {data['pp']:.2f}"
    return ToolResult(f"{text}. {outside} of {len(values)} values lie outside the specification.", data=data)
