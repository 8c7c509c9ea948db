"""Plans, subscriptions, quotas and usage in the Django admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from billing import counters, rollups
from billing.limits import load_limits
from billing.plans.models import Plan, QuotaOverride, Subscription
from billing.platform.models import PlatformUsageDaily
from billing.quotas import claim
from tenants.context import platform_context, tenant_context
from tests.billing.conftest import Call


@pytest.fixture
def staff(cast: Any, client_of: Any) -> Any:
    """Sam, signed in on the platform's host."""
    return client_of(cast.sam, None)


def subscription_of(organization: Any) -> Subscription:
    with platform_context():
        return Subscription.objects.select_related("plan").get(organization=organization)


@pytest.mark.promise("UI-3")
@pytest.mark.parametrize(
    "path",
    ["plans/plan/", "plans/subscription/", "plans/quotaoverride/", "billing_platform/platformusagedaily/"],
)
def test_staff_see_every_list(staff: Any, path: str) -> None:
    assert staff.get(f"/admin/{path}").status_code == 200


@pytest.mark.promise("BIL-1")
def test_staff_edit_a_plan_and_it_counts(staff: Any, cast: Any) -> None:
    with platform_context():
        plan = Plan.objects.get(slug="professional")
    form = {
        "name": "Professional",
        "price_per_month": "499",
        "price_per_year": "4990",
        "agents": "60",
        "tickets_per_month": "1000",
        "requests_per_minute": "1000",
        "spend_per_month": "",
        "is_offered": "on",
    }
    assert staff.post(f"/admin/plans/plan/{plan.pk}/change/", form).status_code == 302
    with tenant_context(cast.acme):
        limits = load_limits()
    assert limits.of("agents") == 60
    assert limits.of("spend_per_month") is None


def test_staff_change_an_organizations_plan(staff: Any, cast: Any) -> None:
    with platform_context():
        plan = Plan.objects.get(slug="enterprise")
    url = f"/admin/plans/subscription/{subscription_of(cast.acme).pk}/change/"
    assert staff.post(url, {"plan": plan.pk}).status_code == 302
    assert subscription_of(cast.acme).plan.slug == "enterprise"


def test_staff_are_told_why_a_plan_is_too_small(staff: Any, cast: Any) -> None:
    with tenant_context(cast.acme), transaction.atomic():
        claim("agents", 30 - counters.used("agents"))
    with platform_context():
        plan = Plan.objects.get(slug="basic")
    url = f"/admin/plans/subscription/{subscription_of(cast.acme).pk}/change/"
    assert "Agents: 30 in use, Basic allows 10." in staff.post(url, {"plan": plan.pk}).content.decode()
    assert subscription_of(cast.acme).plan.slug == "professional"


def test_staff_agree_and_withdraw_a_quota(staff: Any, cast: Any) -> None:
    form = {"organization": str(cast.acme.pk), "name": "agents", "value": "77"}
    assert staff.post("/admin/plans/quotaoverride/add/", form).status_code == 302
    with tenant_context(cast.acme):
        assert load_limits().of("agents") == 77
    with platform_context():
        override = QuotaOverride.objects.get(organization=cast.acme)
    assert staff.post(f"/admin/plans/quotaoverride/{override.pk}/delete/", {"post": "yes"}).status_code == 302
    with tenant_context(cast.acme):
        assert load_limits().of("agents") == 50


def test_an_impossible_quota_is_refused_in_the_form(staff: Any, cast: Any) -> None:
    form = {"organization": str(cast.acme.pk), "name": "agents", "value": "2.5"}
    assert "takes a whole number" in staff.post("/admin/plans/quotaoverride/add/", form).content.decode()


@pytest.mark.promise("UI-3")
def test_usage_by_organization_is_shown_and_read_only(staff: Any, cast: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        call(cost="1.25")
        rollups.roll_up()
    page = staff.get("/admin/billing_platform/platformusagedaily/").content.decode()
    assert "1.2500000000" in page
    with platform_context():
        row = PlatformUsageDaily.objects.get()
    assert staff.get("/admin/billing_platform/platformusagedaily/add/").status_code == 403
    assert staff.post(f"/admin/billing_platform/platformusagedaily/{row.pk}/change/", {"cost": 0}).status_code == 403
    assert staff.post(f"/admin/billing_platform/platformusagedaily/{row.pk}/delete/").status_code == 403
