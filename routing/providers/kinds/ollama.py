"""Ollama on one's own machine. Its models have no list price: MODEL_PRICES or the admin gives one, 0 on purpose."""

from routing.providers.base import Endpoint, KnownModel, ProviderKind, with_v1
from routing.providers.environment import Environment


class OllamaKind(ProviderKind):
    slug = "ollama"
    name = "Ollama"
    ranked = (
        KnownModel("llama3.2*", "small", 131_072, quality="0.55"),
        KnownModel("phi3.5*", "small", 131_072, supports_tools=False, quality="0.55"),
        KnownModel("qwen2.5:3b*", "small", 32_768, quality="0.55"),
        KnownModel("llama3.3*", "large", 131_072, quality="0.80"),
        KnownModel("llama3.1:70b*", "large", 131_072, quality="0.78"),
        KnownModel("qwen2.5:72b*", "large", 131_072, quality="0.80"),
    )

    def from_environment(self, variables: Environment) -> Endpoint | None:
        base_url = variables.get("OLLAMA_BASE_URL", "")
        return Endpoint(with_v1(base_url)) if base_url else None
