"""The built-in demo provider. It answers only while no real provider is configured.

Its models cost what models of the same name cost elsewhere, so that figures have a realistic size; wherever such a
price is shown it is labelled as a demo price.
"""

from django.conf import settings

from routing.providers.base import Endpoint, KnownModel, PriceReference, ProviderKind, with_v1
from routing.providers.environment import Environment

LIST_PRICES = {
    "llama-3.2-3b": PriceReference("groq", "llama-3.2-3b-preview"),
    "phi-3.5-mini": PriceReference("openrouter", "microsoft/phi-3.5-mini-128k-instruct"),
    "gpt-4o": PriceReference("openai", "gpt-4o"),
}


class DemoKind(ProviderKind):
    slug = "demo"
    name = "Demo"
    is_demo = True
    ranked = (
        KnownModel("llama-3.2-3b", "small", 131_072, quality="0.55"),
        KnownModel("phi-3.5-mini", "small", 131_072, quality="0.55"),
        KnownModel("gpt-4o", "large", 128_000, 16_384, quality="0.85"),
    )

    def from_environment(self, variables: Environment) -> Endpoint | None:
        # The port is a new one at each start, so the address is never stored.
        return Endpoint(with_v1(settings.DEMO_PROVIDER_URL)) if settings.DEMO_PROVIDER_URL else None

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        return LIST_PRICES.get(model)
