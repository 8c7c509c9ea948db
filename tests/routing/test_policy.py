"""Which model is chosen, in which order others follow, and what people read about it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import policy
from routing.complexity import Complexity
from routing.exceptions import ModelNotFound, NoEligibleModel, QueryTooLong
from routing.policy import Decision, RouteRequest, decide
from routing.providers.catalogue import Catalogue, ModelOption
from routing.providers.prices import TokenPrice
from tests.routing.lab import large_option, make_option

pytestmark = pytest.mark.promise("RTE-2")

TINY, SMALLER, HUGE = (
    make_option("a/tiny"),
    make_option("b/smaller", price=TokenPrice(Decimal("0.05"), Decimal("0.05"), Decimal("0.05"), "override")),
    large_option("a/huge"),
)


@pytest.fixture(autouse=True)
def simple_or_complex(monkeypatch: pytest.MonkeyPatch) -> None:
    """The score under test is somebody else's; here "hard" is complex and all else is simple."""

    def score(text: str, industry: str = "general") -> Complexity:
        value = 0.9 if "hard" in text else 0.1
        return Complexity(value, "large" if value > 0.5 else "small", 0.5, ["a reason"])

    monkeypatch.setattr(policy, "score", score)


def choose(*options: ModelOption, unhealthy: dict[str, str] | None = None, **request: Any) -> Decision:
    asked = RouteRequest(**{"text": "easy", "input_tokens": 100, **request})
    return decide(asked, models=Catalogue(options or (TINY, SMALLER, HUGE)), unhealthy=unhealthy)


def chain(decision: Decision) -> list[str]:
    return [option.name for option in decision.chain]


def test_simple_goes_to_the_cheapest_small_model_and_complex_to_the_large_one() -> None:
    assert choose().chosen == SMALLER
    assert choose(text="hard").chosen == HUGE


def test_the_chain_has_its_own_tier_first_and_then_the_other() -> None:
    assert chain(choose()) == ["b/smaller", "a/tiny", "a/huge"]
    assert chain(choose(text="hard")) == ["a/huge", "b/smaller", "a/tiny"]


def test_a_tier_may_be_asked_for() -> None:
    assert choose(requested="large").chosen == HUGE
    assert choose(text="hard", requested="small").chosen == SMALLER


@pytest.mark.parametrize("name", ["tiny", "a/tiny"])
def test_a_model_may_be_named_and_is_then_the_only_one(name: str) -> None:
    assert chain(choose(text="hard", requested=name)) == ["a/tiny"]


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelNotFound, match="huge, smaller, tiny"):
        choose(requested="gpt-99")


def test_a_preferred_model_goes_before_cheaper_ones() -> None:
    assert choose(make_option("c/mine", is_preferred=True), SMALLER, HUGE).chosen.name == "c/mine"


@pytest.mark.parametrize(
    ("changes", "needs", "why"),
    [
        ({"supports_tools": False}, {"needs_tools": True}, "it cannot call tools"),
        ({"supports_vision": False}, {"needs_vision": True}, "it cannot see pictures"),
        ({"supports_json": False}, {"needs_json": True}, "it cannot answer in a given JSON form"),
        ({"price": None}, {}, "its price is not known"),
        ({"is_enabled": False}, {}, "switched off"),
        ({"context_window": 50}, {}, "its window of 50 tokens is too small"),
    ],
)
def test_a_model_that_cannot_take_the_query_is_refused_with_the_reason(
    changes: dict[str, Any], needs: dict[str, Any], why: str
) -> None:
    able = large_option(supports_vision=True)
    decision = choose(make_option("a/unfit", **changes), able, **needs)
    assert chain(decision) == [able.name]
    assert {considered.why for considered in decision.considered if considered.verdict == "refused"} == {why}


@pytest.mark.promise("PRV-4")
def test_when_no_price_is_known_the_refusal_says_so_of_each_model() -> None:
    with pytest.raises(NoEligibleModel, match="a/free: its price is not known"):
        choose(make_option("a/free", price=None))


def test_a_query_longer_than_all_windows_is_refused_with_the_limit() -> None:
    with pytest.raises(QueryTooLong) as raised:
        choose(input_tokens=200_000)
    assert raised.value.limit == 100_000


@pytest.mark.promise("PRV-2")
def test_an_unhealthy_model_goes_last_and_people_read_why() -> None:
    decision = choose(unhealthy={SMALLER.health_key: "it has failed too often just now"})
    assert chain(decision) == ["a/tiny", "a/huge", "b/smaller"]
    assert "smaller goes last: it has failed too often just now" in decision.reasons


def test_the_baseline_is_the_large_model_whatever_its_health() -> None:
    decision = choose(unhealthy={HUGE.health_key: "down"})
    assert decision.baseline == HUGE
    assert decision.baseline_cost(1_000_000, 0) == Decimal("2.5")


def test_reasons_name_score_threshold_and_choice() -> None:
    first, second, third = choose(industry="finance").reasons
    assert first == "Complexity 0.10 is below the threshold of 0.50 for finance"
    assert second == "a reason"
    assert third == "smaller is the cheapest of 2 small models that fit"


@pytest.mark.promise("RTE-8")
def test_every_model_is_accounted_for() -> None:
    decision = choose()
    assert [considered.as_json()["verdict"] for considered in decision.considered] == ["chosen", "next", "next"]


def _flat_price(cents: int) -> TokenPrice:
    amount = Decimal(cents)
    return TokenPrice(amount, amount, amount, "override")


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 1000)), min_size=1, max_size=8))
def test_nothing_eligible_of_the_tier_is_cheaper_than_the_chosen_one(given_models: list[tuple[bool, int]]) -> None:
    options = [
        make_option(f"p/m{number}", tier="small" if small else "large", price=_flat_price(cents))
        for number, (small, cents) in enumerate(given_models)
    ]
    decision = decide(RouteRequest("easy", input_tokens=10), models=Catalogue(tuple(options)))
    same_tier = [option for option in options if option.tier == decision.chosen.tier]
    assert decision.chosen.cost(10, 10) == min(option.cost(10, 10) for option in same_tier)
    assert {option.name for option in decision.chain} == {option.name for option in options}
