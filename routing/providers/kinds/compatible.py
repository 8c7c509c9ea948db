"""Any other server that speaks OpenAI's wire format: vLLM, llama.cpp, Groq, OpenRouter. Added in the admin."""

from genai_prices import data_snapshot

from routing.providers.base import PriceReference, ProviderKind


class CompatibleKind(ProviderKind):
    slug = "compatible"
    name = "OpenAI-compatible server"

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        try:
            found = data_snapshot.get_snapshot().find_provider(model, None, base_url)
        except LookupError:
            return None
        return PriceReference(found.id, model)
