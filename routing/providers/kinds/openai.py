"""OpenAI, or whatever stands at OPENAI_BASE_URL in its place."""

import re
from typing import Any

from routing.providers.base import Endpoint, KnownModel, PriceReference, ProviderKind
from routing.providers.environment import Environment

OFFICIAL = "https://api.openai.com/v1"
REASONING = re.compile(r"(o\d|gpt-[5-9])")
"""Models that refuse a temperature."""


class OpenAIKind(ProviderKind):
    slug = "openai"
    name = "OpenAI"
    ranked = (
        KnownModel("gpt-4o-mini", "small", 128_000, 16_384, supports_vision=True, quality="0.72"),
        KnownModel("gpt-4.1-mini", "small", 1_000_000, 32_768, supports_vision=True, quality="0.76"),
        KnownModel("gpt-4.1-nano", "small", 1_000_000, 32_768, supports_vision=True, quality="0.66"),
        KnownModel("gpt-5-nano", "small", 400_000, 128_000, supports_vision=True, quality="0.72"),
        KnownModel("gpt-5-mini", "small", 400_000, 128_000, supports_vision=True, quality="0.80"),
        KnownModel("gpt-4o", "large", 128_000, 16_384, supports_vision=True, quality="0.85"),
        KnownModel("gpt-4.1", "large", 1_000_000, 32_768, supports_vision=True, quality="0.88"),
        KnownModel("gpt-5", "large", 400_000, 128_000, supports_vision=True, quality="0.92"),
        KnownModel("gpt-4-turbo", "large", 128_000, 4_096, supports_vision=True, quality="0.84"),
    )

    def from_environment(self, variables: Environment) -> Endpoint | None:
        key, base_url = variables.get("OPENAI_API_KEY", ""), variables.get("OPENAI_BASE_URL", "")
        if not key and not base_url:
            return None
        return Endpoint(base_url.rstrip("/") or OFFICIAL, key)

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        # A server in OpenAI's place that offers OpenAI's models is counted at OpenAI's prices: too much rather than
        # nothing. Any other name has no line in the list and needs MODEL_PRICES.
        return PriceReference("openai", model)

    def parameters(self, request: dict[str, Any], base_url: str) -> dict[str, Any]:
        if base_url != OFFICIAL:
            return request
        changed = dict(request)
        if "max_tokens" in changed:
            changed["max_completion_tokens"] = changed.pop("max_tokens")
        if REASONING.match(str(changed["model"])):
            changed.pop("temperature", None)
        return changed
