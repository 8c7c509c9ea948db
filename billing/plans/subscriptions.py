"""Choosing and changing plans and quotas. Each change is in the chain of the organization it concerns."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils import timezone

from audit.chain import record
from billing.exceptions import QuotaTooSmall
from billing.limits import QUOTAS, UNLIMITED, Quota, forget_limits
from billing.plans.models import Plan, QuotaOverride, Subscription
from billing.quotas import usage_overview
from tenants.context import current_tenant, platform_context
from tenants.exceptions import Invalid
from tenants.models import Organization

DEFAULT_PLAN = "basic"
LARGEST = Decimal(10) ** 9


def list_plans() -> list[Plan]:
    """The plans an organization may choose itself, cheapest first."""
    return list(Plan.objects.filter(is_offered=True))


def find_plan(slug: str) -> Plan:
    """Raises Invalid, naming the plans there are, for an unknown slug."""
    plan = Plan.objects.filter(slug=slug).first()
    if plan is None:
        names = ", ".join(Plan.objects.values_list("slug", flat=True))
        raise Invalid(f"There is no plan “{slug}”. Choose one of: {names}.", errors={"plan": [f"One of: {names}."]})
    return plan


def start_subscription(organization: Organization, slug: str, *, actor: str) -> None:
    """Give a new organization its plan, in the caller's transaction and the organization's context.

    An existing subscription stays as it is. Writes `billing.plan.chosen`.
    """
    plan = find_plan(slug)
    # A tenant reads its subscription and does not write it: plans belong to the platform.
    with platform_context():
        subscription, is_new = Subscription.objects.get_or_create(
            organization_id=organization.id, defaults={"plan": plan}
        )
    if is_new:
        _write("billing.plan.chosen", f"plans.subscription:{subscription.public_id}", actor, plan=plan.name)


def change_plan(slug: str, *, actor: str) -> None:
    """Put the current tenant on another plan, at once.

    Overrides stay and go before the new plan's figures. Raises Invalid for an unknown plan and QuotaTooSmall when more
    is in use than it allows. Writes `billing.plan.changed` in the same transaction.
    """
    plan, organization_id = find_plan(slug), current_tenant().id
    with transaction.atomic():
        with platform_context():
            subscription = (
                Subscription.objects.select_related("plan").select_for_update().get(organization_id=organization_id)
            )
        if subscription.plan_id == plan.pk:
            return
        _refuse_if_too_small(plan)
        former, subscription.plan, subscription.started_at = subscription.plan.name, plan, timezone.now()
        with platform_context():
            subscription.save(update_fields=["plan", "started_at"])
        _write(
            "billing.plan.changed",
            f"plans.subscription:{subscription.public_id}",
            actor,
            **{"from": former, "to": plan.name},
        )


def set_quota(name: str, value: Decimal | None, *, actor: str) -> None:
    """Agree a quota with the current tenant in place of its plan's; None is unlimited.

    Less than is in use is allowed: nothing more is let through until the use has fallen. Raises Invalid for an unknown
    name or an impossible value. Writes `billing.quota.changed` in the same transaction.
    """
    quota = check_value(name, value)
    with transaction.atomic():
        # As above: limits are written by the platform alone.
        organization_id = current_tenant().id
        with platform_context():
            QuotaOverride.objects.update_or_create(
                organization_id=organization_id, name=name, defaults={"value": value}
            )
        words = UNLIMITED if value is None else quota.words(value)
        _write("billing.quota.changed", f"billing.quota:{name}", actor, quota=quota.label, to=words)


def remove_override(name: str, *, actor: str) -> None:
    """Let the plan's figure hold again."""
    quota, organization_id = _known_quota(name), current_tenant().id
    with transaction.atomic():
        with platform_context():
            QuotaOverride.objects.filter(organization_id=organization_id, name=name).delete()
        _write("billing.quota.changed", f"billing.quota:{name}", actor, quota=quota.label, to="the plan's figure")


def read_value(text: str) -> Decimal | None:
    """`500`, `12.50` or `unlimited`. Raises Invalid for anything else."""
    if text.strip().lower() == UNLIMITED:
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise Invalid(f"“{text}” is neither a number nor “{UNLIMITED}”.", errors={"value": ["Not a number."]}) from None


def too_small_for(plan: Plan) -> list[str]:
    """Sentences on what is in use and would not fit into `plan`; empty when the current tenant may change to it."""
    return [
        f"{use.quota.label}: {use.used_words} in use, {plan.name} allows {use.quota.words(allowed)}."
        for use in usage_overview()
        if not use.is_overridden
        and use.quota.period != "minute"
        and (allowed := plan.quota(use.quota.name)) is not None
        and use.used > allowed
    ]


def _refuse_if_too_small(plan: Plan) -> None:
    reasons = too_small_for(plan)
    if reasons:
        raise QuotaTooSmall(" ".join(reasons), extra={"plan": plan.slug, "reasons": reasons})


def _known_quota(name: str) -> Quota:
    if name not in QUOTAS:
        names = ", ".join(QUOTAS)
        raise Invalid(f"There is no quota “{name}”. Choose one of: {names}.", errors={"name": [f"One of: {names}."]})
    return QUOTAS[name]


def check_value(name: str, value: Decimal | None) -> Quota:
    """The quota of this name, if `value` may stand in it. Raises Invalid for an unknown name or impossible value."""
    quota = _known_quota(name)
    if value is None:
        return quota
    if not value.is_finite() or not 0 <= value <= LARGEST:
        raise Invalid(
            f"{quota.name} takes a number from 0 to {LARGEST:,}, or “{UNLIMITED}”.", errors={"value": ["Out of range."]}
        )
    if not quota.is_money and value != value.to_integral_value():
        words = f"{quota.name} takes a whole number, or “{UNLIMITED}”."
        raise Invalid(words, errors={"value": ["Not a whole number."]})
    return quota


def _write(action: str, target: str, actor: str, **payload: str) -> None:
    record(action=action, target=target, actor=actor, payload=payload)
    forget_limits()
