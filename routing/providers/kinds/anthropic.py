"""Anthropic, through its OpenAI-compatible endpoint. Tried against a local server only."""

from routing.providers.base import Endpoint, KnownModel, PriceReference, ProviderKind
from routing.providers.environment import Environment

OFFICIAL = "https://api.anthropic.com/v1"


class AnthropicKind(ProviderKind):
    slug = "anthropic"
    name = "Anthropic"
    ranked = (
        KnownModel("claude-haiku-4-5*", "small", 200_000, 8_192, supports_vision=True, quality="0.80"),
        KnownModel("claude-3-5-haiku*", "small", 200_000, 8_192, supports_vision=True, quality="0.74"),
        KnownModel("claude-sonnet-4-5*", "large", 200_000, 8_192, supports_vision=True, quality="0.92"),
        KnownModel("claude-sonnet-4*", "large", 200_000, 8_192, supports_vision=True, quality="0.90"),
        KnownModel("claude-3-7-sonnet*", "large", 200_000, 8_192, supports_vision=True, quality="0.88"),
    )

    def from_environment(self, variables: Environment) -> Endpoint | None:
        key = variables.get("ANTHROPIC_API_KEY", "")
        return Endpoint(variables.get("ANTHROPIC_BASE_URL", "").rstrip("/") or OFFICIAL, key) if key else None

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        return PriceReference("anthropic", model)
