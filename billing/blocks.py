"""What billing adds to the picture of an organization: its plan, its quotas and its live usage.

The functions may be called on the platform; what stands in the organization's schema is read in its own context.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from billing import quotas, usage
from billing.plans.models import Subscription
from tenants.context import tenant_context
from tenants.models import Organization
from tenants.registry import register_organization_block


def register() -> None:
    register_organization_block("plan", plan_block)
    register_organization_block("quotas", quotas_block)
    register_organization_block("usage", usage_block)


def plan_block(organization: Organization) -> dict[str, Any]:
    """The plan; empty while the organization has none."""
    subscription = Subscription.objects.select_related("plan").filter(organization_id=organization.pk).first()
    if subscription is None:
        return {}
    plan = subscription.plan
    return {
        "slug": plan.slug,
        "name": plan.name,
        "price_per_month": str(plan.price_per_month),
        "price_per_year": str(plan.price_per_year),
        "started_at": subscription.started_at.isoformat().replace("+00:00", "Z"),
    }


def quotas_block(organization: Organization) -> dict[str, Any]:
    """Quotas by name, with limit, use, state and reset; empty while the organization is closed or has no plan."""
    if not organization.is_active or not plan_block(organization):
        return {}
    with tenant_context(organization):
        return {use.quota.name: quota_block(use) for use in quotas.usage_overview()}


def usage_block(organization: Organization) -> dict[str, Any]:
    """What was used in the current UTC month, to the last closed record; empty while the organization is closed."""
    if not organization.is_active:
        return {}
    now = timezone.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with tenant_context(organization):
        figures = usage.total(month, now)
    return {
        "month": f"{month:%Y-%m}",
        "currency": "USD",
        "queries": figures.queries,
        "model_calls": figures.records,
        "tokens": figures.tokens,
        "cost": f"{figures.cost:f}",
        "baseline_cost": f"{figures.baseline_cost:f}",
        "saved": f"{figures.saved:f}",
    }


def quota_block(use: quotas.QuotaUse) -> dict[str, Any]:
    """A quota for machines: counts as numbers, money as decimal strings, None for unlimited and never."""
    return {
        "limit": use.quota.plain(use.limit),
        "used": use.quota.plain(use.used),
        "state": use.state,
        "resets_at": use.resets_at.isoformat().replace("+00:00", "Z") if use.resets_at else None,
    }
