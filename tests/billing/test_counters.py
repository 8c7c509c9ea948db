"""Quotas that count agents and tickets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import transaction

from billing import counters
from billing.models import QuotaCounter
from billing.plans.models import Subscription
from billing.plans.subscriptions import set_quota
from billing.quotas import NoPlan, QuotaExceeded, claim, release, usage_overview
from tenants.context import platform_context, tenant_context
from tests.billing.conftest import at_once


@pytest.mark.promise("BIL-1")
def test_a_new_organization_is_on_the_plan_its_founder_chose(cast: Any) -> None:
    with platform_context():
        plans = dict(Subscription.objects.values_list("organization__slug", "plan__slug"))
    assert (plans["acme"], plans["meridian"]) == ("professional", "enterprise")


@pytest.mark.promise("TEN-2")
def test_the_overview_names_all_four_quotas_with_the_plans_figures(in_acme: Any) -> None:
    limits = {use.quota.name: use.limit for use in usage_overview()}
    assert limits == {
        "agents": 50,
        "tickets_per_month": 1000,
        "requests_per_minute": 1000,
        "spend_per_month": 500,
    }


def fill(name: str, limit: int) -> None:
    set_quota(name, Decimal(limit), actor="system:tests")
    with transaction.atomic():
        claim(name, limit - counters.used(name))


@pytest.mark.promise("BIL-3")
@pytest.mark.promise("TKT-4")
@pytest.mark.parametrize("name", ["agents", "tickets_per_month"])
def test_it_refuses_one_more_than_the_limit(in_acme: Any, name: str) -> None:
    fill(name, 60)
    with pytest.raises(QuotaExceeded) as refused, transaction.atomic():
        claim(name)
    assert (refused.value.limit_name, refused.value.limit, refused.value.usage) == (name, Decimal(60), Decimal(60))


@pytest.mark.promise("TEN-4")
@time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False)
def test_the_refusal_says_limit_usage_reset_and_who_may_change_it(in_acme: Any) -> None:
    fill("tickets_per_month", 60)
    with pytest.raises(QuotaExceeded) as refused, transaction.atomic():
        claim("tickets_per_month")
    assert refused.value.status == 429
    assert refused.value.extra["resets_at"] == "2026-12-01T00:00:00Z"
    assert refused.value.extra["retry_after_s"] == (10 * 24 + 12) * 3600
    assert refused.value.detail == (
        "The limit is 60 tickets a month (Professional plan); 60 have been opened this month."
        " It resets on 1 December 2026 at 00:00:00 UTC."
        " An owner or admin can choose another plan under Settings, Plan; platform staff can raise the limit."
    )


def test_a_refused_claim_counts_nothing(in_acme: Any) -> None:
    fill("agents", 60)
    with pytest.raises(QuotaExceeded), transaction.atomic():
        claim("agents", 3)
    assert counters.used("agents") == 60


def test_a_claim_falls_with_its_transaction(in_acme: Any) -> None:
    before = counters.used("agents")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        claim("agents")
        raise ZeroDivisionError
    assert counters.used("agents") == before


def test_an_archived_agent_frees_its_place(in_acme: Any) -> None:
    fill("agents", 60)
    release("agents")
    with transaction.atomic():
        assert claim("agents") == 60


def test_a_release_never_goes_below_zero(in_acme: Any) -> None:
    release("agents", 10_000)
    assert counters.used("agents") == 0


def test_a_new_month_starts_at_zero(in_acme: Any) -> None:
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)):
        fill("tickets_per_month", 60)
    with time_machine.travel(datetime(2026, 12, 1, 0, 1, tzinfo=UTC)), transaction.atomic():
        assert claim("tickets_per_month") == 1


def test_a_limit_of_zero_lets_nothing_through(in_acme: Any) -> None:
    set_quota("tickets_per_month", Decimal(0), actor="system:tests")
    with pytest.raises(QuotaExceeded), transaction.atomic():
        claim("tickets_per_month")


def test_an_unlimited_quota_lets_everything_through(in_acme: Any) -> None:
    set_quota("agents", None, actor="system:tests")
    with transaction.atomic():
        assert claim("agents", 100_000) >= 100_000


def test_the_other_organization_has_a_counter_of_its_own(cast: Any) -> None:
    with tenant_context(cast.meridian):
        before = counters.used("agents")
    with tenant_context(cast.acme):
        fill("agents", 60)
    with tenant_context(cast.meridian):
        assert counters.used("agents") == before


def test_an_organization_without_a_plan_may_claim_nothing(in_acme: Any, acme: Any) -> None:
    with platform_context():
        Subscription.objects.filter(organization=acme).delete()
    with pytest.raises(NoPlan), transaction.atomic():
        claim("agents")


def test_claiming_outside_a_transaction_is_an_error(founded: Callable[..., Any]) -> None:
    with tenant_context(founded()), pytest.raises(transaction.TransactionManagementError):
        claim("agents")


@pytest.mark.promise("BIL-3")
def test_at_80_percent_it_warns_once_in_the_chain(in_acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[dict[str, Any]] = []
    monkeypatch.setattr(counters, "record", lambda **entry: written.append(entry))
    set_quota("tickets_per_month", Decimal(10), actor="system:tests")
    for _ in range(10):
        with transaction.atomic():
            claim("tickets_per_month")
    assert [(entry["action"], entry["payload"]["usage"]) for entry in written] == [("billing.quota.warned", "8")]


def test_parallel_claims_stop_at_the_limit(founded: Callable[..., Any]) -> None:
    organization = founded()
    with tenant_context(organization):
        set_quota("agents", Decimal(counters.used("agents") + 5), actor="system:tests")

    def hire() -> int:
        with transaction.atomic():
            return claim("agents")

    results = at_once(organization, 12, hire)
    assert sum(isinstance(result, int) for result in results) == 5
    assert sum(isinstance(result, QuotaExceeded) for result in results) == 7


def test_control_checking_before_counting_lets_parallel_claims_through(founded: Callable[..., Any]) -> None:
    """Shows that the test above can fail: the same race with a check that is a statement of its own."""
    organization = founded()
    with tenant_context(organization):
        QuotaCounter.objects.update_or_create(name="agents", period="", defaults={"used": 0})

    all_have_looked = Barrier(12)

    def hire_carelessly() -> bool:
        row = QuotaCounter.objects.get(name="agents")
        all_have_looked.wait(timeout=30)
        if row.used >= 5:
            return False
        row.used += 1
        row.save(update_fields=["used"])
        return True

    results = at_once(organization, 12, hire_carelessly)
    assert sum(result is True for result in results) > 5
