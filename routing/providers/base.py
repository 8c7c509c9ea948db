"""The shape that every kind of provider has. Copy a neighbour under `kinds/` to add one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from routing.providers.environment import Environment, key_variable, secret


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is reached, and with which key."""

    base_url: str
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def key_id(self) -> str:
        """A short name for the key that does not give it away; health and breakers are kept per key."""
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:12] if self.api_key else "none"


@dataclass(frozen=True, slots=True)
class PriceReference:
    """Where a model stands in the maintained price list."""

    provider_id: str
    model: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A line of a kind's ranked table: the best of a tier stands first. `pattern` is for `fnmatch`."""

    pattern: str
    tier: str
    context_window: int
    max_output_tokens: int = 4096
    supports_tools: bool = True
    supports_vision: bool = False
    supports_json: bool = True
    quality: str | None = None


class ProviderKind:
    """Everything that differs between providers that speak OpenAI's wire format."""

    slug: ClassVar[str]
    name: ClassVar[str]
    ranked: ClassVar[tuple[KnownModel, ...]] = ()
    is_demo: ClassVar[bool] = False

    def from_environment(self, variables: Environment) -> Endpoint | None:
        """Return the endpoint that the environment names for this kind, or nothing."""
        return None

    def endpoint(self, provider_slug: str, base_url: str, variables: Environment) -> Endpoint | None:
        """Return where a provider row of this kind is reached; nothing when it is not configured."""
        found = self.from_environment(variables) if provider_slug == self.slug else None
        if found is not None:
            return found
        return Endpoint(base_url, secret(key_variable(provider_slug))) if base_url else None

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        """Return the line of the price list that gives the model's price; nothing for self-hosted models."""
        return None

    def parameters(self, request: dict[str, Any], base_url: str) -> dict[str, Any]:
        """Return the request with the names and limits of this provider."""
        return request


def with_v1(base_url: str) -> str:
    """Return the address with the `/v1` that OpenAI-compatible servers answer under."""
    stripped = base_url.rstrip("/")
    return stripped if stripped.endswith("/v1") else f"{stripped}/v1"
