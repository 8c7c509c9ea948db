"""The admin's first page: all organizations at a glance, from the shared tables alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audit.platform.models import VerificationRun
from billing.platform.models import PlatformUsageDaily
from tenants.models import Organization

DAYS = 30


def install(site: AdminSite) -> None:
    """Give the first page its figures."""
    index = site.index

    @wraps(index)
    def with_figures(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = index(request, {**(extra_context or {}), "figures": figures()})
        return response

    site.index = with_figures


def figures() -> dict[str, Any]:
    """Organizations by status, usage and routing of the last 30 days, chains by their last verdict."""
    since = timezone.now().date() - timedelta(days=DAYS)
    usage = PlatformUsageDaily.objects.filter(day__gte=since, kind="model")
    total = usage.aggregate(cost=Sum("cost"), baseline=Sum("baseline_cost"), failures=Sum("failures"))
    tiers = {row["tier"]: row["n"] for row in usage.values("tier").annotate(n=Sum("records"))}
    calls = sum(tiers.values())
    cost, baseline = total["cost"] or Decimal(0), total["baseline"] or Decimal(0)
    return {
        "days": DAYS,
        "organizations": _by_status(),
        "calls": calls,
        "small_share": 100 * tiers.get("small", 0) / calls if calls else None,
        "cost": cost,
        "saved": max(baseline - cost, Decimal(0)),
        "saved_share": 100 * (1 - cost / baseline) if baseline else None,
        "failures": total["failures"] or 0,
        "broken": _broken_chains(),
        "top": _top(usage),
    }


def _by_status() -> list[tuple[str, int]]:
    rows = Organization.objects.order_by("status").values_list("status").annotate(n=Count("pk"))
    labels = dict(Organization.Status.choices)
    return [(str(labels[status]), n) for status, n in rows]


def _broken_chains() -> int:
    latest = VerificationRun.objects.exclude(finished_at=None).order_by("tenant", "-id").distinct("tenant")
    return sum(run.state == VerificationRun.State.BROKEN for run in latest)


def _top(usage: Any) -> list[dict[str, Any]]:
    rows = usage.values("organization__name", "organization__slug").annotate(
        cost=Sum("cost"), baseline=Sum("baseline_cost"), calls=Sum("records")
    )
    return list(rows.order_by("-cost")[:10])
