"""Plans are chosen, changed and overridden, and the chain says so."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from billing import counters
from billing.exceptions import QuotaTooSmall
from billing.limits import load_limits
from billing.plans import subscriptions
from billing.plans.models import Plan, QuotaOverride, Subscription
from billing.quotas import claim, usage_overview
from tenants.context import platform_context, tenant_context
from tenants.exceptions import Invalid


@pytest.mark.promise("BIL-1")
@pytest.mark.parametrize(
    ("slug", "figures"),
    [
        ("basic", (79, 10, 100, 120, 50)),
        ("professional", (449, 50, 1000, 1000, 500)),
        ("enterprise", (2400, 500, 10_000, 10_000, 5000)),
    ],
)
def test_the_three_plans_have_the_promised_figures(db: None, slug: str, figures: tuple[int, ...]) -> None:
    with platform_context():
        plan = Plan.objects.get(slug=slug)
    limits = (plan.agents, plan.tickets_per_month, plan.requests_per_minute, plan.spend_per_month)
    assert (plan.price_per_month, *limits) == figures
    assert plan.price_per_month * 10 <= plan.price_per_year < plan.price_per_month * 12


def test_a_larger_plan_counts_at_once(in_acme: Any) -> None:
    subscriptions.change_plan("enterprise", actor="system:tests")
    assert load_limits().of("agents") == 500


def test_a_plan_that_is_too_small_is_refused_with_the_reasons(in_acme: Any) -> None:
    with transaction.atomic():
        claim("agents", 30 - counters.used("agents"))
    with pytest.raises(QuotaTooSmall, match="Agents: 30 in use, Basic allows 10"):
        subscriptions.change_plan("basic", actor="system:tests")
    assert load_limits().plan_slug == "professional"


def test_an_agreed_quota_goes_before_the_plans(in_acme: Any) -> None:
    subscriptions.set_quota("agents", Decimal(77), actor="system:tests")
    use = next(use for use in usage_overview() if use.quota.name == "agents")
    assert use.limit == 77
    assert use.is_overridden


def test_without_the_override_the_plans_figure_holds_again(in_acme: Any) -> None:
    subscriptions.set_quota("agents", Decimal(77), actor="system:tests")
    subscriptions.remove_override("agents", actor="system:tests")
    assert load_limits().of("agents") == 50


@pytest.mark.parametrize("value", ["-1", "2.5", "nan", "1e30", "many"])
def test_an_impossible_value_is_refused(in_acme: Any, value: str) -> None:
    with pytest.raises(Invalid):
        subscriptions.set_quota("agents", subscriptions.read_value(value), actor="system:tests")


@pytest.mark.promise("TEN-3")
@pytest.mark.parametrize("change", [{"plan_id": 1}, {"organization_id": None}])
def test_a_tenant_cannot_write_its_own_plan(in_acme: Any, change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Subscription.objects.update(**change)


@pytest.mark.promise("TEN-3")
def test_a_tenant_sees_no_other_subscription_and_no_other_quota(cast: Any) -> None:
    with tenant_context(cast.meridian):
        subscriptions.set_quota("agents", Decimal(3), actor="system:tests")
    with tenant_context(cast.acme):
        assert [row.organization_id for row in Subscription.objects.all()] == [cast.acme.id]
        assert not QuotaOverride.objects.exists()


def run(*arguments: str) -> str:
    out = StringIO()
    with platform_context():
        call_command("set_quota", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("agents", "12", Decimal(12)),
        ("tickets_per_month", "unlimited", None),
        ("requests_per_minute", "60", Decimal(60)),
        ("spend_per_month", "0.05", Decimal("0.05")),
    ],
)
def test_set_quota_sets_each_quota(acme: Any, name: str, value: str, stored: Decimal | None) -> None:
    assert name in run("acme", name, value)
    with tenant_context(acme):
        assert load_limits().of(name) == stored


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody", "agents", "1"), "no organization"),
        (("acme", "wishes", "1"), "agents, tickets_per_month, requests_per_minute, spend_per_month"),
        (("acme", "agents", "lots"), "neither a number nor"),
        (("acme", "agents", "-4"), "from 0"),
        (("acme", "agents", "1.5"), "whole number"),
    ],
)
def test_set_quota_says_what_was_wrong(acme: Any, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)


def test_changes_are_in_the_organizations_chain(in_acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, str]] = []
    keep: Callable[..., None] = lambda **entry: written.append((entry["action"], entry["actor"]))  # noqa: E731
    monkeypatch.setattr(subscriptions, "record", keep)
    subscriptions.change_plan("enterprise", actor="person:alice")
    subscriptions.set_quota("agents", Decimal(3), actor="person:sam")
    assert written == [("billing.plan.changed", "person:alice"), ("billing.quota.changed", "person:sam")]
