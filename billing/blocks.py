"""What billing adds to the picture of an organization: its plan, quotas and live usage."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from billing import quotas, usage
from billing.exceptions import NoPlan
from billing.limits import load_limits
from tenants.context import tenant_context
from tenants.models import Organization
from tenants.registry import register_organization_block


def register() -> None:
    register_organization_block("usage", usage_block)


def usage_block(organization: Organization) -> dict[str, Any]:
    """Plan, quotas and the current UTC month of an organization; empty while it has no open schema or no plan.

    May be called on the platform: the figures are read in the organization's own context.
    """
    if not organization.is_active:
        return {}
    now = timezone.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with tenant_context(organization):
        try:
            limits = load_limits()
        except NoPlan:
            return {}
        figures = usage.total(month, now)
        uses = quotas.usage_overview(limits=limits)
    return {
        "plan": limits.plan_slug,
        "month": f"{month:%Y-%m}",
        "queries": figures.queries,
        "tokens": figures.tokens,
        "cost": f"{figures.cost:f}",
        "saved": f"{figures.saved:f}",
        "quotas": [quota_block(use) for use in uses],
    }


def quota_block(use: quotas.QuotaUse) -> dict[str, Any]:
    """A quota for machines: counts as numbers, money as decimal strings, None for unlimited and never."""
    return {
        "name": use.quota.name,
        "limit": use.quota.plain(use.limit),
        "used": use.quota.plain(use.used),
        "state": use.state,
        "resets_at": use.resets_at.isoformat().replace("+00:00", "Z") if use.resets_at else None,
    }
