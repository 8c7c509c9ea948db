"""Pages that belong to no app: the landing page of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.limits import QUOTAS
from billing.plans.models import Plan
from billing.plans.subscriptions import list_plans

PLAN_WORDS = {
    "basic": "For a team that wants to try it on real work.",
    "professional": "For a company with a service desk.",
    "enterprise": "For regulated and large organizations.",
}
HIGHLIGHTED = "professional"


@dataclass(frozen=True)
class ShownPlan:
    name: str
    price: str
    words: str
    lines: list[str]
    highlighted: bool


def landing(request: HttpRequest) -> HttpResponse:
    """Show what the product is to whoever comes to the platform's address."""
    return render(request, "landing.html", {"plans": [_shown(plan) for plan in list_plans()]})


def _shown(plan: Plan) -> ShownPlan:
    return ShownPlan(
        plan.name,
        _dollars(plan.price_per_month),
        PLAN_WORDS.get(plan.slug, ""),
        [_line(plan, name) for name in QUOTAS],
        plan.slug == HIGHLIGHTED,
    )


def _line(plan: Plan, name: str) -> str:
    quota, value = QUOTAS[name], plan.quota(name)
    return f"Unlimited {quota.unit}" if value is None else f"{quota.words(value)} {quota.unit}"


def _dollars(price: Decimal) -> str:
    return f"${price:,.0f}" if price == price.to_integral_value() else f"${price:,.2f}"
