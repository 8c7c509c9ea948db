"""Which model answers, and why: the cheapest eligible one of the tier that the complexity asks for, then the others."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from routing.complexity import Complexity, score
from routing.exceptions import ModelNotFound, NoEligibleModel, QueryTooLong
from routing.providers.catalogue import Catalogue, ModelOption, catalogue

Tier = Literal["small", "large"]
AUTOMATIC = ("auto", "small", "large")
EXPECTED_OUTPUT_TOKENS = 300
"""What an answer is assumed to have when models are compared by cost and nobody said how long it may be."""


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What is known of a query before it is sent. `requested` is auto, small, large or a model's name."""

    text: str
    industry: str = "general"
    requested: str = "auto"
    needs_tools: bool = False
    needs_vision: bool = False
    needs_json: bool = False
    input_tokens: int = 0
    max_output_tokens: int | None = None

    @property
    def expected_output_tokens(self) -> int:
        return min(self.max_output_tokens or EXPECTED_OUTPUT_TOKENS, EXPECTED_OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True)
class Considered:
    """One model and what became of it: `chosen`, `next` (its place in the chain) or `refused`, with the reason."""

    option: ModelOption
    verdict: Literal["chosen", "next", "refused"]
    why: str
    estimated_cost: Decimal | None

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.option.model,
            "provider": self.option.provider,
            "tier": self.option.tier,
            "verdict": self.verdict,
            "why": self.why,
            "estimated_cost": None if self.estimated_cost is None else f"{self.estimated_cost:f}",
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The order in which models are tried, with the reasons in words and as data. The chain is never empty."""

    request: RouteRequest = field(repr=False)
    complexity: Complexity
    tier: Tier
    chain: tuple[ModelOption, ...]
    considered: tuple[Considered, ...]
    baseline: ModelOption
    reasons: tuple[str, ...]

    @property
    def chosen(self) -> ModelOption:
        return self.chain[0]

    def baseline_cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """What the same tokens would have cost on the large model, had every query gone there."""
        return self.baseline.cost(input_tokens, output_tokens, cached_tokens)


def decide(
    request: RouteRequest, *, models: Catalogue | None = None, unhealthy: Mapping[str, str] | None = None
) -> Decision:
    """Choose among the models. Makes no call and writes nothing.

    `models` is read from the database when not given, which needs an open context. `unhealthy` names models by
    `health_key` with the reason; they go to the end of the chain, where they are tried when all else has failed.
    Raises ModelNotFound, QueryTooLong, NoEligibleModel.
    """
    known = models or catalogue()
    complexity = score(request.text, request.industry)
    choice = _Choice(request, known, complexity, unhealthy or {})
    return Decision(
        request=request,
        complexity=complexity,
        tier=choice.tier,
        chain=choice.chain,
        considered=tuple(choice.considered()),
        baseline=_baseline(known, choice.chain[0], request),
        reasons=tuple(choice.reasons()),
    )


class _Choice:
    """One choice with all it depends on. Raises NoEligibleModel, QueryTooLong when nothing is left to choose from."""

    def __init__(
        self, request: RouteRequest, known: Catalogue, complexity: Complexity, sick: Mapping[str, str]
    ) -> None:
        self.request, self.known, self.complexity, self.sick = request, known, complexity, sick
        candidates, self.tier = _candidates(request, known, complexity)
        self.refusals = {option.name: why for option in known.options if (why := _refusal(option, request))}
        eligible = [option for option in candidates if option.name not in self.refusals]
        if not eligible:
            raise _nothing_fits(request, candidates, self.refusals)
        self.chain = tuple(sorted(eligible, key=lambda option: _rank(option, self.tier, request, sick)))

    def considered(self) -> Iterator[Considered]:
        """Yield every model: the chain in its order, then those that cannot take the query."""
        places = {option.name: place for place, option in enumerate(self.chain)}
        for option in sorted(self.known.options, key=lambda option: places.get(option.name, len(places))):
            place = places.get(option.name)
            cost = _estimate(option, self.request)
            if place is None:
                yield Considered(option, "refused", self.refusals.get(option.name, "another one was asked for"), cost)
            else:
                why = self.sick.get(option.health_key) or _place_words(place)
                yield Considered(option, "next" if place else "chosen", why, cost)

    def reasons(self) -> Iterator[str]:
        """Yield why the first of the chain was chosen, for people."""
        chosen = self.chain[0]
        yield from self._why_this_tier()
        if self.request.requested in AUTOMATIC:
            yield self._why_this_model(chosen)
            if chosen.tier != self.tier:
                yield f"No {self.tier} model fits or is healthy"
        for option in self.chain:
            if option.health_key in self.sick:
                yield f"{option.model} goes last: {self.sick[option.health_key]}"

    def _why_this_tier(self) -> Iterator[str]:
        if self.request.requested == "auto":
            side = "at or above" if self.complexity.tier == "large" else "below"
            threshold = f"the threshold of {self.complexity.threshold:.2f} for {self.request.industry}"
            yield f"Complexity {self.complexity.score:.2f} is {side} {threshold}"
            yield from self.complexity.reasons
        elif self.request.requested in AUTOMATIC:
            yield f"A {self.tier} model was asked for"
        else:
            yield f"{self.chain[0].model} was asked for by name"

    def _why_this_model(self, chosen: ModelOption) -> str:
        others = sum(option.tier == chosen.tier for option in self.chain)
        if chosen.is_preferred:
            return f"{chosen.model} is the {chosen.tier} model chosen for this installation"
        if others > 1:
            return f"{chosen.model} is the cheapest of {others} {chosen.tier} models that fit"
        return f"{chosen.model} is the only {chosen.tier} model that fits"


def _place_words(place: int) -> str:
    return "first in the chain" if place == 0 else f"number {place + 1} in the chain"


def _estimate(option: ModelOption, request: RouteRequest) -> Decimal | None:
    return option.cost(request.input_tokens, request.expected_output_tokens) if option.price else None


def _candidates(request: RouteRequest, known: Catalogue, complexity: Complexity) -> tuple[list[ModelOption], Tier]:
    if request.requested in AUTOMATIC:
        tier: Tier = complexity.tier if request.requested == "auto" else request.requested  # type: ignore[assignment]
        return known.usable(), tier
    named = known.find(request.requested)
    if not named:
        raise ModelNotFound(request.requested, [*AUTOMATIC, *sorted({option.model for option in known.usable()})])
    return named, named[0].tier  # type: ignore[return-value]


def _refusal(option: ModelOption, request: RouteRequest) -> str:
    """Return why the model cannot take the query, or nothing."""
    if not option.is_enabled:
        return "switched off"
    if option.price is None:
        return "its price is not known"
    if request.input_tokens + (request.max_output_tokens or 0) > option.context_window:
        return f"its window of {option.context_window:,} tokens is too small"
    if request.needs_tools and not option.supports_tools:
        return "it cannot call tools"
    if request.needs_vision and not option.supports_vision:
        return "it cannot see pictures"
    if request.needs_json and not option.supports_json:
        return "it cannot answer in a given JSON form"
    return ""


def _rank(option: ModelOption, tier: str, request: RouteRequest, sick: Collection[str]) -> tuple[Any, ...]:
    return (
        option.health_key in sick,
        option.tier != tier,
        not option.is_preferred,
        option.cost(request.input_tokens, request.expected_output_tokens),
        option.priority,
        option.name,
    )


def _baseline(known: Catalogue, chosen: ModelOption, request: RouteRequest) -> ModelOption:
    """The large model that would have answered everything: health and this query's needs do not change it."""
    large = [option for option in known.usable() if option.tier == "large" and option.price is not None]
    return min(large, key=lambda option: _rank(option, "large", request, ()), default=chosen)


def _nothing_fits(
    request: RouteRequest, candidates: Sequence[ModelOption], refusals: Mapping[str, str]
) -> NoEligibleModel | QueryTooLong:
    reasons = {option.name: refusals[option.name] for option in candidates}
    windows = [option.context_window for option in candidates if "window" in reasons[option.name]]
    if windows and len(windows) == len(reasons):
        return QueryTooLong(request.input_tokens + (request.max_output_tokens or 0), max(windows))
    return NoEligibleModel(reasons)
