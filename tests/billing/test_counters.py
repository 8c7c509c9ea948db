"""Quotas that count agents and tickets."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from billing.plans.models import Subscription
from billing.quotas import claim
from tenants.context import platform_context


@pytest.mark.promise("BIL-1")
def test_a_new_organization_is_on_the_plan_its_founder_chose(cast: Any) -> None:
    with platform_context():
        plans = dict(Subscription.objects.values_list("organization__slug", "plan__slug"))
    assert plans == {"acme": "professional", "meridian": "enterprise"}


def test_a_claim_counts(in_acme: Any) -> None:
    with transaction.atomic():
        assert claim("agents") >= 1
