"""Bring providers and models in line with the environment, at start. What platform staff decided stays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from django.db import transaction
from openai import OpenAI, OpenAIError

from routing.providers.base import Endpoint, KnownModel, ProviderKind
from routing.providers.catalogue import forget_catalogue
from routing.providers.environment import Environment, environment
from routing.providers.models import ChosenBy, Provider, ProviderModel, Tier
from routing.providers.registry import KINDS, provider_kind

PER_TIER = 2
"""Models of each tier taken from a provider's list: one to use, one beside it when that one has a bad day."""
LIST_TIMEOUT_S = 5.0
PRIORITY = 100
NAMED: dict[str, str] = {"SMALL_MODEL": str(Tier.SMALL), "LARGE_MODEL": str(Tier.LARGE)}


class BadModelName(ValueError):
    """SMALL_MODEL or LARGE_MODEL names no configured provider."""


@dataclass(slots=True)
class Found:
    """What a start found at one provider."""

    provider: str
    base_url: str
    models: list[str] = field(default_factory=list)
    fault: str = ""


def sync_providers() -> list[Found]:
    """Read the environment, ask each configured provider for its models, and store which are used.

    Runs in the platform's context. Raises BadModelName when SMALL_MODEL or LARGE_MODEL cannot be understood.
    """
    variables = environment()
    configured = [
        (kind, endpoint)
        for kind in map(provider_kind, KINDS)
        if (endpoint := kind.from_environment(variables)) is not None
    ]
    # The network is asked before the transaction: a slow provider must not hold locks.
    offers = [(kind, endpoint, *_offered(kind, endpoint)) for kind, endpoint in configured]
    with transaction.atomic():
        found = [_store(kind, endpoint, names, fault) for kind, endpoint, names, fault in offers]
        _store_named(variables)
    forget_catalogue()
    return found


def list_models(endpoint: Endpoint) -> list[str]:
    """Return the names the provider's `/models` lists. Raises OpenAIError."""
    client = OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        default_headers=dict(endpoint.headers),
        max_retries=0,
        timeout=LIST_TIMEOUT_S,
    )
    with client:
        return [model.id.removeprefix("models/") for model in client.models.list()]


def choose(ranked: Sequence[KnownModel], offered: Sequence[str]) -> list[tuple[str, KnownModel]]:
    """Return the best models of each tier among those offered, as the ranked table has it."""
    chosen: list[tuple[str, KnownModel]] = []
    for tier in Tier.values:
        matches = [
            (name, known)
            for known in ranked
            if known.tier == tier
            for name in sorted(offered)
            if fnmatch(name, known.pattern) and not any(name == other for other, _ in chosen)
        ]
        chosen += list(dict(matches).items())[:PER_TIER]
    return chosen


def _offered(kind: ProviderKind, endpoint: Endpoint) -> tuple[list[str] | None, str]:
    if kind.is_demo:
        # It starts together with us and need not answer yet; what it offers is written in its table.
        return [known.pattern for known in kind.ranked], ""
    try:
        return list_models(endpoint), ""
    except (OpenAIError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"


def _store(kind: ProviderKind, endpoint: Endpoint, names: list[str] | None, fault: str) -> Found:
    provider, _ = Provider.objects.get_or_create(
        slug=kind.slug,
        defaults={"name": kind.name, "kind": kind.slug, "priority": PRIORITY, "chosen_by": ChosenBy.ENVIRONMENT},
    )
    rows = provider.models.exclude(chosen_by=ChosenBy.PERSON)
    if names is None:
        # The list cannot be read now. What is stored stays; a first start takes the table's plain names on trust.
        names = [] if rows.exists() else [known.pattern for known in kind.ranked if "*" not in known.pattern]
        keep = True
    else:
        keep = False
    chosen = choose(kind.ranked, names)
    if not keep:
        rows.update(is_enabled=False, is_preferred=False)
    for name, known in chosen:
        _enable(provider, name, known, str(ChosenBy.TABLE))
    return Found(kind.slug, endpoint.base_url, [name for name, _ in chosen], fault)


def _enable(provider: Provider, name: str, known: KnownModel, by: str, *, preferred: bool = False) -> None:
    row, created = ProviderModel.objects.get_or_create(
        provider=provider,
        name=name,
        defaults={
            "tier": known.tier,
            "context_window": known.context_window,
            "max_output_tokens": known.max_output_tokens,
            "supports_tools": known.supports_tools,
            "supports_vision": known.supports_vision,
            "supports_json": known.supports_json,
            "quality": known.quality,
            "is_preferred": preferred,
            "chosen_by": by,
        },
    )
    if not created and row.chosen_by != ChosenBy.PERSON:
        row.is_enabled, row.is_preferred, row.chosen_by, row.tier = True, preferred, by, known.tier
        row.save(update_fields=["is_enabled", "is_preferred", "chosen_by", "tier"])


def _store_named(variables: Environment) -> None:
    for variable, tier in NAMED.items():
        given = variables.get(variable, "").strip()
        if not given:
            continue
        provider_slug, _, name = given.partition("/")
        provider = Provider.objects.filter(slug=provider_slug).first()
        if provider is None or not name:
            known = ", ".join(Provider.objects.values_list("slug", flat=True)) or "none"
            raise BadModelName(f"{variable} is {given!r}; expected provider/model with one of the providers {known}.")
        _enable(provider, name, _known(provider, name, tier), str(ChosenBy.ENVIRONMENT), preferred=True)


def _known(provider: Provider, name: str, tier: str) -> KnownModel:
    """What the table says of a model that was named, in the tier it was named for."""
    for known in provider_kind(provider.kind).ranked:
        if fnmatch(name, known.pattern):
            values = {slot: getattr(known, slot) for slot in KnownModel.__slots__}
            return KnownModel(**{**values, "tier": tier})
    return KnownModel(name, tier, context_window=32_768)
