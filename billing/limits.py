"""Which limits the current tenant has: its plan's figures, or what was agreed in their place.

Counting quotas read them from the database, where they are exact. The rate limit, asked for on each request, reads a
copy in Redis that lives a few seconds and is dropped at once when a plan or an override changes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db import connection, transaction
from django.utils import timezone

from billing.exceptions import NoPlan
from tenants.context import current_tenant, on_commit
from tenants.redis import redis_client, tenant_key

COPY_LIVES_S = 15
UNLIMITED = "unlimited"
WARN_AT = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Quota:
    """One kind of limit and the words for it.

    `unit` follows the figure in a sentence, `used_words` follows the usage, `free_words` say what helps when the
    quota never resets by itself.
    """

    name: str
    label: str
    unit: str
    used_words: str
    period: Literal["none", "minute", "month"]
    is_money: bool = False
    free_words: str = ""

    def words(self, value: Decimal) -> str:
        """The value for people: `1,000`, `$50`, `$9.50`, `$0.0002`."""
        if not self.is_money or value == value.to_integral_value():
            return f"{'$' if self.is_money else ''}{value.to_integral_value():,f}"
        if value >= 1:
            return f"${value:,.2f}"
        return f"${round(value, 4 if value >= Decimal('0.01') else 1 - value.adjusted()).normalize():f}"

    def plain(self, value: Decimal | None) -> int | str | None:
        """The value for machines: counts as numbers, money as a decimal string, None for unlimited."""
        if value is None:
            return None
        return f"{value.normalize():f}" if self.is_money else int(value)


QUOTAS: dict[str, Quota] = {
    quota.name: quota
    for quota in (
        Quota(
            "agents",
            "Agents",
            "agents",
            "are hired",
            "none",
            free_words="Archiving an agent frees its place.",
        ),
        Quota("tickets_per_month", "Tickets this month", "tickets a month", "have been opened this month", "month"),
        Quota("requests_per_minute", "Requests a minute", "requests a minute", "were made in the past 60 s", "minute"),
        Quota(
            "spend_per_month",
            "Model spend this month",
            "of model spend a month",
            "are spent or held for answers under way",
            "month",
            is_money=True,
        ),
    )
}


# Asked before every model call: one statement, and none that has to be put together first.
LIMITS = """
SELECT plan.slug, plan.name, organization.status,
  json_build_object('agents', plan.agents::text, 'tickets_per_month', plan.tickets_per_month::text,
    'requests_per_minute', plan.requests_per_minute::text, 'spend_per_month', plan.spend_per_month::text)::text,
  (SELECT coalesce(json_object_agg(name, value::text), '{}')::text FROM plans_quotaoverride
   WHERE organization_id = organization.id)
FROM plans_subscription AS subscription
JOIN plans_plan AS plan ON plan.id = subscription.plan_id
JOIN tenants_organization AS organization ON organization.id = subscription.organization_id
WHERE organization.id = %s
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one organization and its state just now; a value of None is unlimited."""

    plan_slug: str
    plan_name: str
    values: dict[str, Decimal | None]
    overridden: frozenset[str] = frozenset()
    status: str = "active"

    def of(self, name: str) -> Decimal | None:
        return self.values[name]


def load_limits() -> Limits:
    """Read the current tenant's limits from the database. Raises NoPlan when it has no subscription."""
    with connection.cursor() as cursor:
        cursor.execute(LIMITS, [current_tenant().id])
        row = cursor.fetchone()
    if row is None:
        raise NoPlan("This organization has no plan, so it can use nothing that is counted. Platform staff choose one.")
    slug, name, status, planned, agreed = row
    given = json.loads(planned) | json.loads(agreed)
    values = {quota: None if given[quota] is None else Decimal(given[quota]) for quota in QUOTAS}
    return Limits(slug, name, values, frozenset(json.loads(agreed)), status)


def copy_key() -> str:
    return tenant_key("limits")


def copy_limits() -> None:
    """Write the limits and the organization's state to Redis, where the admission script reads them.

    The state comes from the row: the context of an old socket remembers the one it was opened with.
    """
    limits = load_limits()
    facts: dict[Any, Any] = {"status": limits.status, "plan": limits.plan_name}
    facts |= {name: UNLIMITED if value is None else f"{value:f}" for name, value in limits.values.items()}
    with redis_client().pipeline(transaction=True) as pipe:
        pipe.hset(copy_key(), mapping=facts)
        pipe.expire(copy_key(), COPY_LIVES_S)
        pipe.execute()


def forget_limits() -> None:
    """Drop the copy of the current tenant's limits, now and again once the change is committed.

    The second time covers a reader that fetched the old figures between the two.
    """
    _drop(copy_key())
    if transaction.get_connection().in_atomic_block:
        on_commit(_drop, copy_key())


def _drop(key: str) -> None:
    redis_client().delete(key)


def month_of(moment: datetime | None = None) -> str:
    """The UTC month as `2026-11`."""
    return (moment or timezone.now()).astimezone(UTC).strftime("%Y-%m")


def next_month(moment: datetime | None = None) -> datetime:
    """The first instant of the following UTC month."""
    start = (moment or timezone.now()).astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=32)).replace(day=1)
