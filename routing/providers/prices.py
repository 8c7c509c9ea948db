"""What a token costs: a price entered in the database, else MODEL_PRICES, else the maintained list.

A price that nobody knows is an error to mend (`UnknownPrice`) and never zero: such a model is not used.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal, Protocol

from django.core.exceptions import ImproperlyConfigured
from genai_prices import data_snapshot
from genai_prices.types import TieredPrices

from routing.providers.base import PriceReference
from routing.providers.environment import environment

MILLION = Decimal(1_000_000)
Source = Literal["override", "MODEL_PRICES", "genai-prices", "demo"]


class UnknownPrice(LookupError):
    """Nobody knows what the model costs. `model` is `provider/model`."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(f"The price of {model} is not known. Enter one in the admin or in MODEL_PRICES.")


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Dollars per million tokens. From `long_from` input tokens on, `long` is the price of all tokens instead."""

    input: Decimal
    output: Decimal
    cached: Decimal
    source: Source
    note: str = ""
    long_from: int | None = None
    long: "TokenPrice | None" = None

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Return dollars, exact. `cached_tokens` are a part of `input_tokens`."""
        if self.long is not None and self.long_from is not None and input_tokens > self.long_from:
            return self.long.cost(input_tokens, output_tokens, cached_tokens)
        cached = min(cached_tokens, input_tokens)
        return ((input_tokens - cached) * self.input + cached * self.cached + output_tokens * self.output) / MILLION

    @property
    def is_demo(self) -> bool:
        return self.source == "demo"

    @property
    def words(self) -> str:
        """The price for people: dollars per million tokens, in and out."""
        label = {"demo": ", demo prices", "genai-prices": "", "override": ", entered here"}.get(self.source, "")
        return f"${self.input:f} in, ${self.output:f} out per million tokens{label}"


class StoredPrice(Protocol):
    """What is read of a `Price` row."""

    valid_from: datetime
    input_price_per_million_tokens: Decimal
    output_price_per_million_tokens: Decimal
    cached_price_per_million_tokens: Decimal | None
    note: str


def resolve_price(
    model: str, *, stored: Iterable[StoredPrice], reference: PriceReference | None, at: datetime, is_demo: bool = False
) -> TokenPrice:
    """Return the price of `model` (`provider/model`) at an instant. Raises UnknownPrice."""
    found = _override(stored, at) or entered_prices().get(model) or _listed(reference, at, is_demo=is_demo)
    if found is None:
        raise UnknownPrice(model)
    return found


def entered_prices() -> Mapping[str, TokenPrice]:
    """Return the prices of MODEL_PRICES by `provider/model`. Raises ImproperlyConfigured with what is allowed."""
    return parse_model_prices(environment().get("MODEL_PRICES", ""))


@lru_cache(maxsize=8)
def parse_model_prices(text: str) -> dict[str, TokenPrice]:
    """Read `{"ollama/llama3.2": [0, 0], "openai/my-model": [0.5, 1.5, 0.25]}`: input, output and cached per million.

    The short form `ollama/llama3.2=0/0, openai/my-model=0.5/1.5/0.25` is read as well.
    """
    if not text.strip():
        return {}
    given = _read_json(text) if text.lstrip().startswith("{") else _read_short(text)
    return {model: _entered(model, numbers) for model, numbers in given.items()}


def _read_json(text: str) -> dict[str, Any]:
    try:
        given: dict[str, Any] = json.loads(text, parse_float=str, parse_int=str)
    except ValueError as error:
        raise ImproperlyConfigured(f"MODEL_PRICES is not JSON: {error}.") from None
    return given


def _read_short(text: str) -> dict[str, Any]:
    given = {}
    for part in text.split(","):
        model, separator, numbers = part.strip().rpartition("=")
        if not separator:
            raise ImproperlyConfigured(f"MODEL_PRICES: {part.strip()!r} should be provider/model=input/output.")
        given[model.strip()] = numbers.split("/")
    return given


def _entered(model: str, numbers: Any) -> TokenPrice:
    if isinstance(numbers, dict):
        numbers = [numbers.get("input"), numbers.get("output"), *filter(None, [numbers.get("cached")])]
    try:
        values = [Decimal(str(number).strip()) for number in numbers]
        if len(values) not in (2, 3) or any(not value.is_finite() or value < 0 for value in values):
            raise ValueError
    except (InvalidOperation, ValueError, TypeError):
        words = f"MODEL_PRICES: {model} needs input, output and perhaps cached dollars per million tokens, 0 or more."
        raise ImproperlyConfigured(words) from None
    return TokenPrice(values[0], values[1], values[-1] if len(values) == 3 else values[0], "MODEL_PRICES")


def _override(stored: Iterable[StoredPrice], at: datetime) -> TokenPrice | None:
    valid = max((row for row in stored if row.valid_from <= at), key=lambda row: row.valid_from, default=None)
    if valid is None:
        return None
    cached = valid.cached_price_per_million_tokens
    price = valid.input_price_per_million_tokens
    return TokenPrice(
        price, valid.output_price_per_million_tokens, price if cached is None else cached, "override", valid.note
    )


def _listed(reference: PriceReference | None, at: datetime, *, is_demo: bool) -> TokenPrice | None:
    if reference is None:
        return None
    try:
        _, model = data_snapshot.get_snapshot().find_provider_model(reference.model, None, reference.provider_id, None)
    except LookupError:
        return None
    listed = model.get_prices(at)
    # The list has models without a price (`gemma-3`); to it they cost nothing, to us that is not known.
    if not listed.input_mtok or not listed.output_mtok:
        return None
    source: Source = "demo" if is_demo else "genai-prices"
    note = f"{reference.provider_id}/{reference.model}"
    return _with_tiers(listed.input_mtok, listed.output_mtok, listed.cache_read_mtok, source, note)


def _with_tiers(given_input: Any, given_output: Any, given_cached: Any, source: Source, note: str) -> TokenPrice:
    prices = (given_input, given_output, given_input if given_cached is None else given_cached)
    starts: list[int] = [price.tiers[0].start for price in prices if isinstance(price, TieredPrices) and price.tiers]
    base = [price.base if isinstance(price, TieredPrices) else price for price in prices]
    if not starts:
        return _token_price(base, source, note)
    long = [price.tiers[-1].price if isinstance(price, TieredPrices) else price for price in prices]
    return replace(_token_price(base, source, note), long_from=min(starts), long=_token_price(long, source, note))


def _token_price(numbers: Sequence[Decimal], source: Source, note: str) -> TokenPrice:
    return TokenPrice(numbers[0], numbers[1], numbers[2], source, note)
