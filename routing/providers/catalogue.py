"""The models that can be used now, with their prices: a snapshot per process, read again every few seconds."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Prefetch
from django.utils import timezone

from routing.providers.base import Endpoint
from routing.providers.environment import environment
from routing.providers.models import Price, Provider, ProviderModel
from routing.providers.prices import TokenPrice, UnknownPrice, resolve_price
from routing.providers.registry import provider_kind

FRESH_S = 5.0
"""Another process' change of a provider, model or price is seen after at most this long."""


@dataclass(frozen=True, slots=True)
class ModelOption:
    """A model of a provider, with all that the router needs to know of it."""

    provider: str
    kind: str
    model: str
    tier: str
    context_window: int
    max_output_tokens: int
    supports_tools: bool
    supports_vision: bool
    supports_json: bool
    quality: float | None
    is_preferred: bool
    is_enabled: bool
    priority: int
    endpoint: Endpoint
    price: TokenPrice | None
    is_demo: bool = False

    @property
    def name(self) -> str:
        """`provider/model`, which names it everywhere."""
        return f"{self.provider}/{self.model}"

    @property
    def health_key(self) -> str:
        """Health is kept per provider, model and key: one bad key does not speak for the others."""
        return f"{self.name}:{self.endpoint.key_id}"

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Raises UnknownPrice."""
        if self.price is None:
            raise UnknownPrice(self.name)
        return self.price.cost(input_tokens, output_tokens, cached_tokens)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models of the providers that are configured and on; the demo's only while there is no other provider."""

    options: tuple[ModelOption, ...]
    only_demo: bool = False
    read_at: float = field(default=0.0, compare=False)

    def usable(self) -> list[ModelOption]:
        """The models that are on, whatever a query needs."""
        return [option for option in self.options if option.is_enabled]

    def find(self, name: str) -> list[ModelOption]:
        """Return the models of that name, `model` or `provider/model`; several providers may offer one model."""
        return [option for option in self.usable() if name in (option.model, option.name)]


_snapshot: Catalogue | None = None


def cached_catalogue() -> Catalogue | None:
    """Return this process' snapshot while it is fresh. Never touches the database, so a coroutine may call it."""
    if _snapshot is not None and time.monotonic() - _snapshot.read_at < FRESH_S:
        return _snapshot
    return None


def catalogue() -> Catalogue:
    """Return the snapshot, read from the database when it is not fresh. Needs an open context, of any tenant."""
    global _snapshot  # noqa: PLW0603 - one snapshot per process is the point
    found = cached_catalogue()
    if found is None:
        found = _snapshot = read_catalogue(timezone.now())
    return found


def forget_catalogue() -> None:
    """Drop this process' snapshot, after a change here."""
    global _snapshot  # noqa: PLW0603
    _snapshot = None


def read_catalogue(at: datetime, *, with_demo: bool = False) -> Catalogue:
    """Read providers, models and the prices in force at an instant, in three queries.

    `with_demo` keeps the demonstration's models beside real ones, for display.
    """
    prices = Prefetch("models__prices", Price.objects.filter(valid_from__lte=at))
    found = [
        (provider, endpoint)
        for provider in Provider.objects.filter(is_enabled=True).prefetch_related("models", prices)
        if (endpoint := endpoint_of(provider)) is not None
    ]
    # Once a real provider is configured the demonstration answers nothing, even if the real one has no model to offer.
    real = [(provider, endpoint) for provider, endpoint in found if not provider_kind(provider.kind).is_demo]
    options = [
        _option(provider, row, endpoint, at)
        for provider, endpoint in (found if with_demo else real or found)
        for row in provider.models.all()
    ]
    return Catalogue(tuple(options), only_demo=not real, read_at=time.monotonic())


def endpoint_of(provider: Provider) -> Endpoint | None:
    """Return where the provider is reached; nothing when neither its row nor the environment says."""
    return provider_kind(provider.kind).endpoint(provider.slug, provider.base_url, environment())


def _option(provider: Provider, row: ProviderModel, endpoint: Endpoint, at: datetime) -> ModelOption:
    kind = provider_kind(provider.kind)
    price: TokenPrice | None
    try:
        price = resolve_price(
            f"{provider.slug}/{row.name}",
            stored=row.prices.all(),
            reference=kind.price_reference(row.name, endpoint.base_url),
            at=at,
            is_demo=kind.is_demo,
        )
    except UnknownPrice:
        price = None
    return ModelOption(
        provider=provider.slug,
        kind=provider.kind,
        model=row.name,
        tier=row.tier,
        context_window=row.context_window,
        max_output_tokens=row.max_output_tokens,
        supports_tools=row.supports_tools,
        supports_vision=row.supports_vision,
        supports_json=row.supports_json,
        quality=None if row.quality is None else float(row.quality),
        is_preferred=row.is_preferred,
        is_enabled=row.is_enabled,
        priority=provider.priority,
        endpoint=endpoint,
        price=price,
        is_demo=kind.is_demo,
    )
