"""Risk figures of a series of returns."""

from __future__ import annotations

import math
from statistics import fmean, stdev
from typing import Annotated, Literal

from pydantic import Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

_PERIODS = {"daily": 252, "weekly": 52, "monthly": 12}
Return = Annotated[float, Field(ge=-1, le=10, allow_inf_nan=False)]


@tool(permission=None, source="Finance")
def return_risk(
    context: ToolContext,
    *,
    returns: Annotated[
        list[Return],
        Field(min_length=5, max_length=5000, description="Returns in time order as fractions, 0.012 is 1.2 %"),
    ],
    period: Annotated[Literal["daily", "weekly", "monthly"], Field(description="Length of one return's period")],
    confidence: Annotated[float, Field(ge=0.8, le=0.999, description="Confidence of value at risk")] = 0.95,
) -> ToolResult:
    """Compute the risk of a series of returns: volatility, value at risk, expected shortfall, largest drawdown.

    Historical figures of one period ahead; they say nothing about periods worse than those in the series.
    """
    losses = sorted((-each for each in returns), reverse=True)
    tail = max(1, math.floor(len(losses) * (1 - confidence)))
    deviation = stdev(returns)
    figures = {
        "periods": len(returns),
        "mean": fmean(returns),
        "volatility": deviation,
        "volatility_a_year": deviation * math.sqrt(_PERIODS[period]),
        "value_at_risk": losses[tail - 1],
        "expected_shortfall": fmean(losses[:tail]),
        "largest_drawdown": largest_drawdown(returns),
    }
    lines = [
        f"{figures['periods']} {period} returns, mean {_percent(figures['mean'])} a period.",
        f"Volatility {_percent(deviation)} a period, {_percent(figures['volatility_a_year'])} a year.",
        f"Historical value at risk at {confidence:.1%}: {_percent(figures['value_at_risk'])} of the position.",
        f"Expected shortfall beyond it: {_percent(figures['expected_shortfall'])}, from {tail} period(s).",
        f"Largest drawdown in the series: {_percent(figures['largest_drawdown'])}.",
    ]
    if tail < 5:
        lines.append(f"Only {tail} period(s) lie in the tail: treat the tail figures as rough.")
    return ToolResult("\n".join(lines), data=figures)


def largest_drawdown(returns: list[float]) -> float:
    """The deepest fall from a former peak of the compounded series, as a fraction in [0, 1]."""
    value = peak = 1.0
    deepest = 0.0
    for each in returns:
        value *= 1 + each
        peak = max(peak, value)
        deepest = max(deepest, 1 - value / peak)
    return deepest


def _percent(value: float) -> str:
    return f"{value:.2%}"


@tool(permission=None, source="Finance")
def loan_schedule(
    context: ToolContext,
    *,
    amount: Annotated[float, Field(gt=0, le=1e12, description="Amount borrowed")],
    rate_percent: Annotated[float, Field(ge=0, le=100, description="Nominal interest a year, in percent")],
    months: Annotated[int, Field(ge=1, le=600)],
) -> ToolResult:
    """Compute the level monthly payment of a loan, the interest paid in all, and what is owed after each year."""
    monthly = rate_percent / 1200
    payment = amount / months if monthly == 0 else amount * monthly / (1 - (1 + monthly) ** -months)
    owed, after_years = amount, {}
    for month in range(1, months + 1):
        owed = owed * (1 + monthly) - payment
        if month % 12 == 0 or month == months:
            after_years[month] = max(0.0, round(owed, 2))
    interest = payment * months - amount
    left = "; ".join(f"month {month}: {value:,.2f}" for month, value in list(after_years.items())[:40])
    return ToolResult(
        f"Payment a month {payment:,.2f}, interest in all {interest:,.2f}. Owed after {left}.",
        data={"payment": round(payment, 2), "interest": round(interest, 2), "owed": after_years},
    )
