"""Weighing options and hours."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool


class Criterion(BaseModel):
    """What counts, how much, and how each option does (0 to 10, in the order of the options)."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60)]
    weight: Annotated[float, Field(gt=0, le=100)]
    scores: Annotated[list[Annotated[float, Field(ge=0, le=10)]], Field(min_length=2, max_length=12)]


@tool(permission=None, source="Management")
def weigh_options(
    context: ToolContext,
    *,
    options: Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]], Field(min_length=2, max_length=12)],
    criteria: Annotated[list[Criterion], Field(min_length=1, max_length=20)],
) -> ToolResult:
    """Rank options by weighted criteria, and say whether the first place changes when one criterion is left out."""
    wrong = [each.name for each in criteria if len(each.scores) != len(options)]
    if wrong:
        return ToolResult.failure(f"Give one score per option ({len(options)}) for {', '.join(wrong)}.")
    totals = _totals(options, criteria)
    ranked = sorted(totals, key=lambda name: -totals[name])
    swings = [
        each.name
        for each in criteria
        if len(criteria) > 1 and _first(options, [other for other in criteria if other is not each]) != ranked[0]
    ]
    lines = [f"{place}. {name}: {totals[name]:.2f} of 10" for place, name in enumerate(ranked, start=1)]
    lines.append(f"First place depends on {', '.join(swings)} alone." if swings else "No single criterion decides it.")
    return ToolResult("\n".join(lines), data={"totals": totals, "depends_on": swings})


def _totals(options: list[str], criteria: list[Criterion]) -> dict[str, float]:
    whole = sum(each.weight for each in criteria)
    return {
        name: sum(each.weight * each.scores[index] for each in criteria) / whole for index, name in enumerate(options)
    }


def _first(options: list[str], criteria: list[Criterion]) -> str:
    totals = _totals(options, criteria)
    return max(options, key=lambda name: totals[name])


class Work(BaseModel):
    """A piece of work."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    hours: Annotated[float, Field(gt=0, le=10_000)]
    priority: Annotated[int, Field(ge=1, le=5, description="1 is done first")] = 3


@tool(permission=None, source="Management")
def plan_capacity(
    context: ToolContext,
    *,
    work: Annotated[list[Work], Field(min_length=1, max_length=200)],
    hours_available: Annotated[float, Field(gt=0, le=100_000, description="Hours of the whole team in the period")],
) -> ToolResult:
    """Fit work into the hours there are, by priority, and say what does not fit and how many hours are missing."""
    left, fits, waits = hours_available, [], []
    for each in sorted(work, key=lambda piece: piece.priority):
        if each.hours <= left:
            left -= each.hours
            fits.append(each.name)
        else:
            waits.append(each.name)
    needed = sum(each.hours for each in work)
    text = f"{needed:g} hours of work for {hours_available:g} hours ({needed / hours_available:.0%})."
    text += f" Fits: {', '.join(fits) or 'nothing'}."
    if waits:
        text += f" Does not fit: {', '.join(waits)}; {needed - hours_available:g} hours are missing."
    return ToolResult(text, data={"fits": fits, "waits": waits, "load": needed / hours_available})
