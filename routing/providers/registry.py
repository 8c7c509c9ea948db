"""The kinds of provider, by dotted path so that nothing is imported before it is used."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routing.providers.base import ProviderKind

KINDS: dict[str, tuple[str, str]] = {
    "openai": ("OpenAI", "routing.providers.kinds.openai.OpenAIKind"),
    "azure": ("Azure OpenAI", "routing.providers.kinds.azure.AzureKind"),
    "anthropic": ("Anthropic", "routing.providers.kinds.anthropic.AnthropicKind"),
    "gemini": ("Google Gemini", "routing.providers.kinds.gemini.GeminiKind"),
    "ollama": ("Ollama", "routing.providers.kinds.ollama.OllamaKind"),
    "compatible": ("OpenAI-compatible server", "routing.providers.kinds.compatible.CompatibleKind"),
    "demo": ("Demo", "routing.providers.kinds.demo.DemoKind"),
}


def kind_choices() -> list[tuple[str, str]]:
    return [(slug, name) for slug, (name, _path) in KINDS.items()]


@cache
def provider_kind(slug: str) -> "ProviderKind":
    """Raises LookupError that lists the kinds there are."""
    if slug not in KINDS:
        raise LookupError(f"There is no provider kind {slug!r}; there are {', '.join(KINDS)}")
    module, _, name = KINDS[slug][1].rpartition(".")
    kind: ProviderKind = getattr(import_module(module), name)()
    return kind
