"""The landing page of the platform."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.plans.models import Plan
from tenants.context import platform_context


def landing() -> str:
    response = Client(SERVER_NAME="localhost").get("/")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.promise("BIL-1")
def test_it_shows_the_plans_with_their_prices_and_quotas(cast: Any) -> None:
    page = landing()
    for words in ("$79 ", "$449 ", "$2,400 ", "10 agents", "1,000 tickets a month", "$5,000 of model spend a month"):
        assert words in page


def test_a_price_that_staff_changed_is_the_one_shown(cast: Any) -> None:
    with platform_context():
        Plan.objects.filter(slug="basic").update(price_per_month=Decimal("89.50"), agents=None)
    page = landing()
    assert "$89.50" in page
    assert "Unlimited agents" in page


def test_the_example_names_the_address_one_is_on(cast: Any) -> None:
    assert "http://localhost/v1" in landing()


def test_it_leads_to_sign_in_and_sign_up(cast: Any) -> None:
    page = landing()
    assert 'href="/accounts/login/"' in page
    assert 'href="/accounts/signup/"' in page
