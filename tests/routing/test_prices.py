"""What tokens cost, who says so, and that nobody's silence is a zero."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from routing.providers.base import PriceReference
from routing.providers.checks import check_model_prices
from routing.providers.models import Price, Provider, ProviderModel
from routing.providers.prices import TokenPrice, UnknownPrice, parse_model_prices, resolve_price
from tenants.context import platform_context

pytestmark = pytest.mark.promise("PRV-4")

NOW = datetime(2026, 11, 21, tzinfo=UTC)
GPT = PriceReference("openai", "gpt-4o")


class Row:
    """A stored price."""

    note = ""
    cached_price_per_million_tokens = None

    def __init__(self, days_ago: int, price: str) -> None:
        self.valid_from = NOW - timedelta(days=days_ago)
        self.input_price_per_million_tokens = self.output_price_per_million_tokens = Decimal(price)


def resolve(stored: Any = (), reference: PriceReference | None = GPT, **more: Any) -> TokenPrice:
    return resolve_price("openai/gpt-4o", stored=stored, reference=reference, at=NOW, **more)


def test_the_maintained_list_is_the_last_to_be_asked() -> None:
    price = resolve()
    assert (price.input, price.output, price.cached) == (Decimal("2.5"), Decimal(10), Decimal("1.25"))
    assert price.source == "genai-prices"


def test_model_prices_go_before_the_list(settings: Any) -> None:
    settings.PROVIDER_ENVIRONMENT = {"MODEL_PRICES": "openai/gpt-4o=1/2"}
    assert resolve().input == 1


def test_a_stored_price_goes_before_model_prices(settings: Any) -> None:
    settings.PROVIDER_ENVIRONMENT = {"MODEL_PRICES": "openai/gpt-4o=1/2"}
    assert resolve([Row(1, "7")]).input == 7


def test_the_latest_stored_price_that_has_begun_is_in_force() -> None:
    assert resolve([Row(30, "7"), Row(2, "8"), Row(-5, "9")]).input == 8


def test_a_price_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(UnknownPrice, match="openai/gpt-4o"):
        resolve(reference=PriceReference("openai", "gpt-99"))
    with pytest.raises(UnknownPrice):
        resolve(reference=None)


def test_a_model_that_the_list_has_without_a_price_is_unknown_and_not_free() -> None:
    with pytest.raises(UnknownPrice):
        resolve(reference=PriceReference("google", "gemma-3"))


def test_zero_is_a_price_when_it_was_entered_on_purpose(settings: Any) -> None:
    settings.PROVIDER_ENVIRONMENT = {"MODEL_PRICES": '{"openai/gpt-4o": [0, 0]}'}
    assert resolve().cost(10_000, 10_000) == 0


def test_demo_prices_are_labelled() -> None:
    assert "demo prices" in resolve(is_demo=True).words


def test_long_queries_cost_what_the_list_says_of_long_queries() -> None:
    price = resolve(reference=PriceReference("google", "gemini-2.5-pro"))
    assert price.cost(100_000, 0) == Decimal("0.125")
    assert price.cost(300_000, 0) == Decimal("0.75")


def test_bad_model_prices_stop_the_start(settings: Any) -> None:
    settings.PROVIDER_ENVIRONMENT = {"MODEL_PRICES": "nonsense"}
    (found,) = check_model_prices()
    assert found.id == "providers.E001"


@pytest.mark.parametrize(
    "text", ["nonsense", "a/b=1", "a/b=1/x", "a/b=-1/2", '{"a/b": "x"}', "{", '{"a/b": [1, "NaN"]}']
)
def test_bad_model_prices_stop_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MODEL_PRICES"):
        parse_model_prices(text)


@pytest.mark.parametrize(
    "text", ["ollama/llama3.2:3b=0.1/0.2/0.05", '{"ollama/llama3.2:3b": ["0.1", 0.2, 0.05]}',
             '{"ollama/llama3.2:3b": {"input": 0.1, "output": 0.2, "cached": 0.05}}']
)  # fmt: skip
def test_model_prices_have_two_forms(text: str) -> None:
    price = parse_model_prices(text)["ollama/llama3.2:3b"]
    assert (price.input, price.output, price.cached) == (Decimal("0.1"), Decimal("0.2"), Decimal("0.05"))


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**7), st.decimals("0.0001", "100", places=4))
def test_cost_is_exact_and_the_sum_of_its_parts(input_tokens: int, output: int, cached: int, unit: Decimal) -> None:
    price = TokenPrice(unit, unit * 4, unit / 2, "override")
    cached = min(cached, input_tokens)
    parts = price.cost(input_tokens - cached, 0) + price.cost(cached, 0, cached) + price.cost(0, output)
    assert price.cost(input_tokens, output, cached) == parts


def test_the_database_refuses_a_zero_that_nobody_meant(db: None) -> None:
    with platform_context():
        provider = Provider.objects.create(slug="p", name="P", kind="compatible", base_url="http://127.0.0.1:1/v1")
        model = ProviderModel.objects.create(provider=provider, name="m", tier="small")
        prices = {"model": model, "input_price_per_million_tokens": 0, "output_price_per_million_tokens": 0}
        with pytest.raises(IntegrityError), transaction.atomic():
            Price.objects.create(**prices)
        with pytest.raises(ValidationError, match="meant"):
            Price(**prices).clean()
        assert Price.objects.create(**prices, is_free_on_purpose=True).pk
