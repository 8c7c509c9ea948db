"""Circuit breakers and health in Redis: shared, one look at a time, and never opened by callers' errors."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import time_machine

from routing import health
from routing.providers.base import Endpoint
from routing.providers.catalogue import ModelOption
from tenants.redis import redis_client
from tests.routing.lab import make_option

pytestmark = pytest.mark.promise("PRV-2")


@pytest.fixture
def option() -> ModelOption:
    """A model that no other test knows."""
    return make_option(f"lab/{uuid4().hex}")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(1_800_000_000, tick=False) as traveller:
        yield traveller


async def break_it(option: ModelOption) -> None:
    for _ in range(health.OPEN_AFTER):
        await health.note_failure(option, opens_breaker=True)


async def test_failures_in_a_row_open_the_breaker(option: ModelOption) -> None:
    for _ in range(health.OPEN_AFTER - 1):
        await health.note_failure(option, opens_breaker=True)
    assert await health.may_try(option)
    await health.note_failure(option, opens_breaker=True)
    assert not await health.may_try(option)
    assert option.health_key in await health.unhealthy([option])


async def test_a_success_between_failures_keeps_it_closed(option: ModelOption) -> None:
    for _ in range(health.OPEN_AFTER - 1):
        await health.note_failure(option, opens_breaker=True)
        await health.note_success(option, 10)
    await health.note_failure(option, opens_breaker=True)
    assert await health.may_try(option)


async def test_half_of_many_calls_failing_opens_it_too(option: ModelOption) -> None:
    for _ in range(12):
        await health.note_success(option, 10)
        await health.note_failure(option, opens_breaker=True)
    assert not await health.may_try(option)


async def test_callers_errors_and_rate_limits_do_not_open_it(option: ModelOption) -> None:
    for _ in range(20):
        await health.note_failure(option, opens_breaker=False)
    assert await health.may_try(option)


async def test_after_its_rest_one_caller_at_a_time_may_look(option: ModelOption, clock: time_machine.Traveller) -> None:
    await break_it(option)
    clock.shift(health.COOL_DOWN_MS / 1000 + 1)
    assert [await health.may_try(option) for _ in range(3)] == [True, False, False]
    await health.note_success(option, 10)
    assert [await health.may_try(option) for _ in range(2)] == [True, True]
    assert await health.unhealthy([option]) == {}


async def test_a_failed_look_doubles_the_rest(option: ModelOption, clock: time_machine.Traveller) -> None:
    await break_it(option)
    clock.shift(health.COOL_DOWN_MS / 1000 + 1)
    assert await health.may_try(option)
    await health.note_failure(option, opens_breaker=True)
    clock.shift(health.COOL_DOWN_MS / 1000 + 1)
    assert not await health.may_try(option)
    clock.shift(health.COOL_DOWN_MS / 1000)
    assert await health.may_try(option)


async def test_a_look_can_be_given_back(option: ModelOption) -> None:
    await break_it(option)
    assert await health.may_try(option, anyway=True)
    assert not await health.may_try(option, anyway=True)
    await health.give_back(option)
    assert await health.may_try(option, anyway=True)


async def test_another_key_has_a_breaker_of_its_own(option: ModelOption) -> None:
    other = make_option(option.name, endpoint=Endpoint(option.endpoint.base_url, "another key"))
    await break_it(option)
    assert await health.may_try(other)
    assert other.health_key != option.health_key
    assert "secret" not in option.health_key


async def test_a_rate_limit_sends_the_model_to_the_end_until_it_is_over(
    option: ModelOption, clock: time_machine.Traveller
) -> None:
    await health.note_failure(option, opens_breaker=False, retry_after_s=30)
    assert await health.unhealthy([option]) == {option.health_key: "it is at its rate limit"}
    clock.shift(31)
    assert await health.unhealthy([option]) == {}


async def test_what_is_not_used_is_forgotten(option: ModelOption) -> None:
    await health.note_success(option, 10)
    assert 0 < redis_client().ttl(f"routing:health:{option.health_key}") <= health.KEPT_S


@pytest.mark.promise("PRV-3")
async def test_the_overview_shows_latency_and_errors(option: ModelOption) -> None:
    await health.note_success(option, 100)
    await health.note_success(option, 300)
    await health.note_failure(option, opens_breaker=True)
    (found,) = health.overview([option])
    assert (found.state, found.calls, found.errors, found.mean_latency_ms) == ("closed", 3, 1, 200)
