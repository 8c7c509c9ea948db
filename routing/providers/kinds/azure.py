"""Azure OpenAI, through the `/openai/v1` endpoint that needs no API version. Model names are deployment names.

Tried against a local server only.
"""

from typing import Any

from routing.providers.base import Endpoint, PriceReference, ProviderKind
from routing.providers.environment import Environment
from routing.providers.kinds.openai import REASONING, OpenAIKind


class AzureKind(ProviderKind):
    slug = "azure"
    name = "Azure OpenAI"
    ranked = OpenAIKind.ranked

    def from_environment(self, variables: Environment) -> Endpoint | None:
        key, address = variables.get("AZURE_OPENAI_API_KEY", ""), variables.get("AZURE_OPENAI_ENDPOINT", "")
        if not key or not address:
            return None
        base_url = address.rstrip("/")
        if not base_url.endswith("/v1"):
            base_url += "/openai/v1"
        return Endpoint(base_url, key, {"api-key": key})

    def price_reference(self, model: str, base_url: str) -> PriceReference | None:
        return PriceReference("azure", model)

    def parameters(self, request: dict[str, Any], base_url: str) -> dict[str, Any]:
        changed = dict(request)
        if "max_tokens" in changed:
            changed["max_completion_tokens"] = changed.pop("max_tokens")
        if REASONING.match(str(changed["model"])):
            changed.pop("temperature", None)
        return changed
