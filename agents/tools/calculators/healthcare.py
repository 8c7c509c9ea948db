"""Values of a medical report against the reference ranges printed beside them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]


class LabValue(BaseModel):
    """One value as the laboratory printed it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    value: Number
    unit: Annotated[str, Field(max_length=20)] = ""
    low: Annotated[Number | None, Field(description="Lower end of the laboratory's own range")] = None
    high: Annotated[Number | None, Field(description="Upper end of the laboratory's own range")] = None

    @model_validator(mode="after")
    def _range_is_given(self) -> LabValue:
        if self.low is None and self.high is None:
            raise ValueError("give low, high or both from the report; no range is assumed")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be under high")
        return self

    def finding(self) -> str:
        if self.low is not None and self.value < self.low:
            return "below"
        if self.high is not None and self.value > self.high:
            return "above"
        return "within"


@tool(permission=None, source="Healthcare")
def check_lab_values(
    context: ToolContext, *, values: Annotated[list[LabValue], Field(min_length=1, max_length=100)]
) -> ToolResult:
    """Mark laboratory values as below, within or above the reference ranges given with them.

    Takes the ranges of the report alone, because they differ by laboratory, age and sex. It is no diagnosis.
    """
    rows = [(each, each.finding()) for each in values]
    outside = [(each, finding) for each, finding in rows if finding != "within"]
    lines = [f"{len(outside)} of {len(rows)} values lie outside the ranges given."]
    lines += [
        f"- {each.name}: {each.value:g} {each.unit}".rstrip() + f", {finding} {_range(each)}" for each, finding in rows
    ]
    data = {"values": [{"name": each.name, "value": each.value, "finding": finding} for each, finding in rows]}
    return ToolResult("\n".join(lines), data=data)


def _range(value: LabValue) -> str:
    if value.low is None:
        return f"the range up to {value.high:g}"
    if value.high is None:
        return f"the range from {value.low:g}"
    return f"the range {value.low:g} to {value.high:g}"


@tool(permission=None, source="Healthcare")
def value_trend(
    context: ToolContext,
    *,
    name: Annotated[str, Field(min_length=1, max_length=80)],
    days: Annotated[
        list[Annotated[int, Field(ge=0, le=40000)]],
        Field(min_length=2, max_length=200, description="Day of each value, counted from the first"),
    ],
    values: Annotated[list[Number], Field(min_length=2, max_length=200)],
) -> ToolResult:
    """Describe how a measured value changed over time: first, last, change, slope of a straight line through it."""
    if len(days) != len(values):
        return ToolResult.failure(f"There are {len(days)} days and {len(values)} values; give one day for each value.")
    if len(set(days)) < 2:
        return ToolResult.failure("All values are of one day; a trend needs two days at least.")
    mean_day, mean_value = sum(days) / len(days), sum(values) / len(values)
    slope = sum((day - mean_day) * (value - mean_value) for day, value in zip(days, values, strict=True)) / sum(
        (day - mean_day) ** 2 for day in days
    )
    pairs = sorted(zip(days, values, strict=True))
    first, last = pairs[0][1], pairs[-1][1]
    return ToolResult(
        f"{name}: {len(values)} values over {pairs[-1][0] - pairs[0][0]} days, from {first:g} to {last:g} "
        f"({last - first:+g}). A straight line through them changes by {slope * 30:+.3g} in 30 days.",
        data={"first": first, "last": last, "change": last - first, "slope_a_day": slope},
    )
