"""What is tried next, when, and what a provider's error means."""

from typing import Any

import httpx2
import openai
import pytest
import time_machine

from routing.failover import MAX_ATTEMPTS, Plan, ProviderFailure, classify
from routing.providers.catalogue import ModelOption
from tests.routing.lab import large_option, make_option

pytestmark = pytest.mark.promise("PRV-2")

SMALL, OTHER, HUGE = make_option("a/small"), make_option("b/other"), large_option("a/huge")


def run(plan: Plan, fail: Any) -> list[str]:
    """Follow a plan in which everything fails; `fail` gives the failure of a model."""
    tried = []
    while (step := plan.next_step()) is not None:
        tried.append(step.option.name)
        plan.failed(step.option, fail(step.option))
    return tried


def always(kind: Any, **more: Any) -> Any:
    return lambda option: ProviderFailure(kind, "", **more)


def test_each_model_is_tried_in_order_and_a_dead_one_only_once_per_round() -> None:
    assert run(Plan((SMALL, OTHER, HUGE), 0.05), always("unreachable")) == ["a/small", "b/other", "a/huge"]


def test_a_server_error_is_tried_again_at_once_before_a_dearer_model() -> None:
    tried = run(Plan((SMALL, HUGE), 60), always("server_error"))
    assert tried[:4] == ["a/small", "a/small", "a/huge", "a/huge"]
    assert len(tried) == MAX_ATTEMPTS


@pytest.mark.parametrize("kind", ["unauthorized", "timeout"])
def test_what_will_not_pass_is_not_tried_again(kind: str) -> None:
    assert run(Plan((SMALL, HUGE), 60), always(kind)) == ["a/small", "a/huge"]


def test_retry_after_is_honoured_when_it_fits_the_budget() -> None:
    with time_machine.travel(0, tick=False):
        plan = Plan((SMALL,), 10)
        plan.failed(_step(plan), ProviderFailure("rate_limited", "", retry_after_s=3))
        step = plan.next_step()
        assert step is not None
        assert 2.9 < step.delay_s <= 3


def test_a_retry_after_beyond_the_budget_ends_the_plan_and_is_passed_on() -> None:
    plan = Plan((SMALL,), 10)
    plan.failed(_step(plan), ProviderFailure("rate_limited", "", retry_after_s=60))
    assert plan.next_step() is None
    assert 59 < plan.retry_after_s <= 60


def test_pauses_grow_and_are_spread() -> None:
    delays = []
    plan = Plan((SMALL,), 1000)
    while (step := plan.next_step()) is not None:
        delays.append(step.delay_s)
        plan.failed(step.option, ProviderFailure("unreachable", ""))
    assert delays[0] == 0
    assert all(later > 0 for later in delays[1:])
    assert max(delays[-2:]) > max(delays[1:3])


def test_when_all_breakers_are_open_somebody_may_look_anyway() -> None:
    plan = Plan((SMALL, HUGE), 10)
    for _ in range(2):
        plan.blocked(_step(plan))
    step = plan.next_step()
    assert step is not None
    assert step.anyway


def _step(plan: Plan) -> ModelOption:
    step = plan.next_step()
    assert step is not None
    return step.option


def status_error(status: int, *, code: str = "", **headers: str) -> openai.APIStatusError:
    response = httpx2.Response(status, headers=headers, request=httpx2.Request("POST", "http://x"))
    return openai.APIStatusError("words", response=response, body={"code": code} if code else None)


@pytest.mark.parametrize(
    ("status", "code", "kind", "opens_breaker", "is_callers"),
    [
        (400, "", "rejected", False, True),
        (413, "", "rejected", False, True),
        (422, "", "rejected", False, True),
        (401, "", "unauthorized", True, False),
        (403, "", "unauthorized", True, False),
        (404, "", "unknown_model", True, False),
        (408, "", "server_error", True, False),
        (429, "", "rate_limited", False, False),
        (429, "insufficient_quota", "unauthorized", True, False),
        (500, "", "server_error", True, False),
        (503, "", "server_error", True, False),
    ],
)
def test_a_status_has_a_meaning(status: int, code: str, kind: str, opens_breaker: bool, is_callers: bool) -> None:
    failure = classify(status_error(status, code=code))
    assert (failure.kind, failure.opens_breaker, failure.is_callers) == (kind, opens_breaker, is_callers)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7), ({"retry-after-ms": "250"}, 0.25), ({}, None), ({"retry-after": "Wed, 21 Oct"}, None)],
)
def test_retry_after_is_read_when_it_is_a_number(headers: dict[str, str], seconds: float | None) -> None:
    assert classify(status_error(429, **headers)).retry_after_s == seconds


def test_text_that_cannot_be_sent_is_the_callers_fault_and_opens_no_breaker() -> None:
    failure = classify(UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"))
    assert failure.is_callers
    assert not failure.opens_breaker
