"""When and how much to order."""

from __future__ import annotations

import math
from statistics import NormalDist, fmean, stdev
from typing import Annotated

from pydantic import Field

from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool

Units = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


@tool(permission=None, source="Retail")
def reorder_point(
    context: ToolContext,
    *,
    demand: Annotated[
        list[Units], Field(min_length=3, max_length=1000, description="Units sold in each past day or week")
    ],
    lead_time: Annotated[float, Field(gt=0, le=1000, description="Periods from order to delivery")],
    service_level: Annotated[
        float, Field(ge=0.5, le=0.999, description="Wanted share of cycles without a stock-out")
    ] = 0.95,
    on_hand: Annotated[float | None, Field(ge=0, le=1e9, description="Units in stock and on order")] = None,
) -> ToolResult:
    """Compute safety stock and reorder point from past demand, lead time and the service level wanted.

    Normal demand, independent periods, fixed lead time: safety stock = z * deviation * sqrt(lead time).
    """
    mean, deviation = fmean(demand), stdev(demand)
    safety = NormalDist().inv_cdf(service_level) * deviation * math.sqrt(lead_time)
    point = mean * lead_time + safety
    lines = [
        f"Mean demand {mean:.2f} a period, deviation {deviation:.2f}, from {len(demand)} periods.",
        f"Safety stock {safety:.1f}, reorder point {point:.1f} units.",
    ]
    data: dict[str, float | bool] = {
        "mean": mean,
        "deviation": deviation,
        "safety_stock": safety,
        "reorder_point": point,
    }
    if on_hand is not None:
        data["order_now"] = on_hand <= point
        lines.append(
            f"With {on_hand:g} units on hand and on order: {'order now' if on_hand <= point else 'no order yet'}."
        )
    return ToolResult("\n".join(lines), data=data)


@tool(permission=None, source="Retail")
def order_quantity(
    context: ToolContext,
    *,
    yearly_demand: Annotated[float, Field(gt=0, le=1e9)],
    cost_per_order: Annotated[float, Field(gt=0, le=1e9, description="What one order costs, however large")],
    holding_cost: Annotated[float, Field(gt=0, le=1e9, description="Cost of keeping one unit for a year")],
) -> ToolResult:
    """Compute the economic order quantity (Harris 1913): the lot at which ordering and holding cost least together."""
    quantity = math.sqrt(2 * yearly_demand * cost_per_order / holding_cost)
    orders = yearly_demand / quantity
    cost = orders * cost_per_order + quantity / 2 * holding_cost
    return ToolResult(
        f"Order about {quantity:.0f} units, {orders:.1f} times a year; "
        f"ordering and holding then cost {cost:,.2f} a year.",
        data={"quantity": quantity, "orders_a_year": orders, "cost_a_year": cost},
    )
