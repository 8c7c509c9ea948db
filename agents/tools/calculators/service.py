"""Arithmetic of IT service management."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

Grade = Literal["high", "medium", "low"]
# ITIL's usual matrix: impact by urgency, 1 critical to 5 planning.
_PRIORITIES = {
    ("high", "high"): 1,
    ("high", "medium"): 2,
    ("medium", "high"): 2,
    ("high", "low"): 3,
    ("medium", "medium"): 3,
    ("low", "high"): 3,
    ("medium", "low"): 4,
    ("low", "medium"): 4,
    ("low", "low"): 5,
}
_RISK = {
    "people_affected": 3,
    "hard_to_undo": 3,
    "untested": 2,
    "busy_hours": 1,
    "first_of_its_kind": 2,
    "several_systems": 2,
}


@tool(permission=None, source="IT service")
def downtime(
    context: ToolContext,
    *,
    outages: Annotated[
        list[Annotated[float, Field(gt=0, le=100_000)]], Field(max_length=500, description="Minutes of each outage")
    ],
    period_days: Annotated[float, Field(gt=0, le=3660)],
) -> ToolResult:
    """Compute availability, mean time between failures and mean time to restore from the outages of a period."""
    whole, down = period_days * 1440, sum(outages)
    if down > whole:
        return ToolResult.failure("The outages are longer than the period; check the units (minutes and days).")
    available = 1 - down / whole
    data = {"availability": available, "minutes_down": down}
    text = f"Available {available:.3%} of {period_days:g} days, {down:g} minutes down in {len(outages)} outages."
    if outages:
        data |= {"mtbf_hours": (whole - down) / len(outages) / 60, "mttr_minutes": down / len(outages)}
        text += f" Between failures {data['mtbf_hours']:.1f} h, to restore {data['mttr_minutes']:.1f} min on average."
    return ToolResult(text, data=data)


@tool(permission=None, source="IT service")
def incident_priority(
    context: ToolContext,
    *,
    impact: Annotated[Grade, Field(description="high: a whole service or many people; low: one person")],
    urgency: Annotated[Grade, Field(description="high: work stands still now; low: it can wait")],
) -> ToolResult:
    """Derive the priority of an incident from impact and urgency by ITIL's matrix: 1 critical, 5 planning."""
    priority = _PRIORITIES[impact, urgency]
    words = ("critical", "high", "moderate", "low", "planning")[priority - 1]
    return ToolResult(
        f"Priority {priority}, {words} (impact {impact}, urgency {urgency}).", data={"priority": priority}
    )


@tool(permission=None, source="IT service")
def change_risk(
    context: ToolContext,
    *,
    people_affected: Annotated[bool, Field(description="More than one team notices if it goes wrong")],
    hard_to_undo: Annotated[bool, Field(description="No tested way back within the window")],
    untested: Annotated[bool, Field(description="Not tried in a like environment")],
    busy_hours: Annotated[bool, Field(description="Done while people work")],
    first_of_its_kind: Annotated[bool, Field(description="Not done before by this team")],
    several_systems: Annotated[bool, Field(description="More than one system changes")],
) -> ToolResult:
    """Rate the risk of a change from six answers and name the approval it needs: standard, normal or board."""
    answers = {
        "people_affected": people_affected,
        "hard_to_undo": hard_to_undo,
        "untested": untested,
        "busy_hours": busy_hours,
        "first_of_its_kind": first_of_its_kind,
        "several_systems": several_systems,
    }
    points = sum(_RISK[name] for name, yes in answers.items() if yes)
    grade, approval = ("low", "standard") if points <= 2 else ("medium", "normal") if points <= 6 else ("high", "board")
    reasons = [name.replace("_", " ") for name, yes in answers.items() if yes]
    words = ", ".join(reasons) or "nothing speaks against it"
    return ToolResult(
        f"Risk {grade}: {points} of {sum(_RISK.values())} points ({words}). Approval: {approval}.",
        data={"points": points, "risk": grade, "approval": approval},
    )


class Window(BaseModel):
    """A planned time."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    start: datetime
    end: datetime
    systems: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=30)] = []

    @model_validator(mode="after")
    def _ends_after_start(self) -> Window:
        if (self.start.tzinfo is None) != (self.end.tzinfo is None):
            raise ValueError("give both times with an offset, or both without")
        if self.end <= self.start:
            raise ValueError("end must lie after start")
        return self


@tool(permission=None, source="IT service")
def window_conflicts(
    context: ToolContext, *, windows: Annotated[list[Window], Field(min_length=2, max_length=100)]
) -> ToolResult:
    """Find planned changes whose windows overlap, and whether they touch the same systems."""
    if len({each.start.tzinfo is None for each in windows}) > 1:
        return ToolResult.failure("Give all times with an offset, or all without.")
    ordered = sorted(windows, key=lambda each: each.start)
    found = []
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if other.start >= one.end:
                break
            shared = sorted({name.casefold() for name in one.systems} & {name.casefold() for name in other.systems})
            found.append(f"{one.name} and {other.name} overlap" + (f" on {', '.join(shared)}" if shared else ""))
    return ToolResult("\n".join(found) or f"None of the {len(windows)} windows overlap.", data={"conflicts": found})


@tool(permission=None, source="IT service")
def pareto(
    context: ToolContext,
    *,
    causes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=80)]],
        Field(
            min_length=2,
            max_length=2000,
            description="The cause or category of each incident, repeated as often as it occurred",
        ),
    ],
) -> ToolResult:
    """Count causes and find the few that make up four fifths of all incidents."""
    counted = Counter(each.strip().casefold() for each in causes).most_common()
    lines, share, few = [], 0.0, []
    for name, count in counted:
        if share < 0.8:
            few.append(name)
        share += count / len(causes)
        lines.append(f"- {name}: {count} ({count / len(causes):.0%}, together {share:.0%})")
    return ToolResult(
        "\n".join([f"{len(few)} of {len(counted)} causes make up four fifths: {', '.join(few)}.", *lines[:30]]),
        data={"counts": dict(counted), "vital_few": few},
    )


@tool(permission=None, source="IT service")
def due_date(
    context: ToolContext,
    *,
    start: Annotated[datetime, Field(description="Local time without an offset")],
    working_hours: Annotated[float, Field(gt=0, le=2000, description="Hours that fulfilment takes")],
    day_starts: Annotated[int, Field(ge=0, le=23)] = 9,
    day_ends: Annotated[int, Field(ge=1, le=24)] = 17,
) -> ToolResult:
    """Add working hours to a moment, Monday to Friday, and say when a request is due. Public holidays are not known."""
    if start.tzinfo is not None or day_ends <= day_starts:
        return ToolResult.failure(
            "Give the start as local time without an offset, and a day that ends after it starts."
        )
    left, moment = timedelta(hours=working_hours), start
    while True:
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        opens, closes = midnight + timedelta(hours=day_starts), midnight + timedelta(hours=day_ends)
        if moment.weekday() < 5 and moment < closes:
            moment = max(moment, opens)
            if left <= closes - moment:
                due = moment + left
                return ToolResult(f"Due {due:%A %d %B %Y, %H:%M}.", data={"due": due.isoformat()})
            left -= closes - moment
        moment = midnight + timedelta(days=1)
