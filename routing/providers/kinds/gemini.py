"""Google Gemini, through its OpenAI-compatible endpoint. Tried against a local server only."""

from routing.providers.base import Endpoint, KnownModel, PriceReference, ProviderKind
from routing.providers.environment import Environment

OFFICIAL = "https://generativelanguage.googleapis.com/v1beta/openai"


class GeminiKind(ProviderKind):
    slug = "gemini"
    name = "Google Gemini"
    ranked = (
        KnownModel("gemini-2.5-flash-lite", "small", 1_000_000, 65_536, supports_vision=True, quality="0.74"),
        KnownModel("gemini-2.0-flash", "small", 1_000_000, 8_192, supports_vision=True, quality="0.74"),
        KnownModel("gemini-2.5-flash", "small", 1_000_000, 65_536, supports_vision=True, quality="0.80"),
        KnownModel("gemini-2.5-pro", "large", 1_000_000, 65_536, supports_vision=True, quality="0.90"),
        KnownModel("gemini-1.5-pro", "large", 1_000_000, 8_192, supports_vision=True, quality="0.84"),
    )

    def from_environment(self, variables: Environment) -> Endpoint | None:
        key = variables.get("GEMINI_API_KEY", "")
        return Endpoint(variables.get("GEMINI_BASE_URL", "").rstrip("/") or OFFICIAL, key) if key else None

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        return PriceReference("google", model.removeprefix("models/"))
