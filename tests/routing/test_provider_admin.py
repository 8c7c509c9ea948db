"""Providers, models and prices as platform staff sees them."""

from collections.abc import Iterator
from typing import Any

import pytest

from routing.providers.catalogue import catalogue, forget_catalogue
from routing.providers.discovery import sync_providers
from routing.providers.models import Price, Provider, ProviderModel
from tenants.context import platform_context
from tests.demo_server import DemoServer

pytestmark = pytest.mark.promise("PRV-4")


@pytest.fixture
def staff(client_of: Any, cast: Any, settings: Any, demo_provider: DemoServer) -> Iterator[Any]:
    settings.DEMO_PROVIDER_URL = demo_provider.url
    settings.PROVIDER_ENVIRONMENT = {}
    settings.MFA_REQUIRED_FOR_ADMINS = False
    with platform_context():
        sync_providers()
    yield client_of(cast.sam, None)
    forget_catalogue()


def model_of(name: str) -> ProviderModel:
    with platform_context():
        return ProviderModel.objects.select_related("provider").get(name=name)


@pytest.mark.parametrize("page", ["provider", "providermodel", "price"])
def test_the_lists_and_forms_open(staff: Any, page: str) -> None:
    assert staff.get(f"/admin/providers/{page}/").status_code == 200
    assert staff.get(f"/admin/providers/{page}/add/").status_code == 200


def test_a_model_shows_the_price_in_force_and_who_says_so(staff: Any) -> None:
    page = staff.get(f"/admin/providers/providermodel/{model_of('gpt-4o').pk}/change/").content.decode()
    assert "$2.5 in, $10 out per million tokens, demo prices" in page


def test_a_price_entered_here_is_in_force_at_once(staff: Any) -> None:
    model = model_of("gpt-4o")
    form = {
        "model": model.pk,
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
        "input_price_per_million_tokens": "3",
        "output_price_per_million_tokens": "4",
    }
    assert staff.post("/admin/providers/price/add/", form).status_code == 302
    with platform_context():
        assert Price.objects.count() == 1
        (option,) = catalogue().find("gpt-4o")
    assert option.price is not None
    assert option.price.input == 3
    assert option.price.source == "override"


def test_a_zero_needs_the_tick_that_says_it_is_meant(staff: Any) -> None:
    form = {
        "model": model_of("gpt-4o").pk,
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
        "input_price_per_million_tokens": "0",
        "output_price_per_million_tokens": "0",
    }
    response = staff.post("/admin/providers/price/add/", form)
    assert response.status_code == 200
    assert "is meant" in response.content.decode()


@pytest.mark.parametrize(("fault", "words"), [("off", "ms)"), ("error", "answered with status 500")])
def test_saying_hello_shows_what_came_back(staff: Any, demo_provider: DemoServer, fault: str, words: str) -> None:
    demo_provider.fault(fault)
    form = {"action": "say_hello", "_selected_action": [model_of("gpt-4o").pk]}
    page = staff.post("/admin/providers/providermodel/", form, follow=True).content.decode()
    assert "demo/gpt-4o:" in page
    assert words in page


def test_what_staff_saves_is_theirs(staff: Any) -> None:
    with platform_context():
        provider = Provider.objects.get(slug="demo")
    form = {
        "name": "The demo", "slug": "demo", "kind": "demo", "base_url": "", "is_enabled": "on", "priority": "5",
        "models-TOTAL_FORMS": "0", "models-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert staff.post(f"/admin/providers/provider/{provider.pk}/change/", form).status_code == 302
    with platform_context():
        provider.refresh_from_db()
    assert (provider.name, provider.chosen_by) == ("The demo", "person")
