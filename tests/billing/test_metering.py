"""Usage records are opened once, closed once, and say which attempt answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from billing import metering, spend
from billing.metering import Closing, NewRecord
from billing.models import Outcome, State, UsageRecord
from tenants.context import tenant_context
from tests.billing.conftest import NOON, Call, at_once

CLOSING = Closing(outcome="final", input_tokens=10, output_tokens=5, cost=Decimal("0.0000000123"))


def new(**changes: Any) -> NewRecord:
    return NewRecord(**{"query_id": uuid4(), "provider": "demo", "model": "gpt-4o", "tier": "large", **changes})


@pytest.mark.promise("BIL-2")
def test_a_record_is_open_before_the_attempt(in_acme: Any) -> None:
    record = UsageRecord.objects.get(public_id=metering.open_record(new()))
    assert (record.state, record.outcome, record.cost) == (State.OPEN, "", 0)


@pytest.mark.promise("BIL-2")
def test_closing_twice_changes_nothing(in_acme: Any) -> None:
    record = metering.open_record(new())
    other = Closing(outcome="failed", cost=Decimal(9))
    with transaction.atomic():
        assert [metering.close_record(record, CLOSING), metering.close_record(record, other)] == [True, False]
    row = UsageRecord.objects.get(public_id=record)
    assert (row.outcome, row.cost, spend.month_spend().spent) == (Outcome.FINAL, CLOSING.cost, CLOSING.cost)


@pytest.mark.promise("BIL-2")
def test_money_keeps_ten_places(in_acme: Any) -> None:
    for _ in range(3):
        with transaction.atomic():
            metering.close_record(metering.open_record(new()), CLOSING)
    assert spend.month_spend().spent == Decimal("0.0000000369")


def test_a_closing_that_is_rolled_back_leaves_the_record_open(in_acme: Any) -> None:
    record = metering.open_record(new())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        metering.close_record(record, CLOSING)
        raise ZeroDivisionError
    assert UsageRecord.objects.get(public_id=record).state == State.OPEN
    assert spend.month_spend().spent == 0


def test_an_unknown_record_cannot_be_closed(in_acme: Any) -> None:
    with pytest.raises(UsageRecord.DoesNotExist):
        metering.close_record(uuid4(), CLOSING)


def test_an_unknown_outcome_is_an_error(in_acme: Any) -> None:
    with pytest.raises(ValueError, match="perhaps"):
        metering.close_record(metering.open_record(new()), Closing(outcome="perhaps"))


def test_attempts_of_a_query_are_numbered(in_acme: Any) -> None:
    query = uuid4()
    ids = [metering.open_record(new(query_id=query)) for _ in range(3)]
    numbers = dict(UsageRecord.objects.values_list("public_id", "attempt"))
    assert [numbers[public_id] for public_id in ids] == [1, 2, 3]


@pytest.mark.parametrize(
    ("outcomes", "speaker"),
    [
        (["final"], 1),
        (["failed", "final"], 2),
        (["final", "final"], 2),
        (["final", "failed"], 1),
        (["refused", "failed"], 2),
        (["failed", "estimated", "refused"], 2),
    ],
)
def test_the_last_success_speaks_for_the_query(in_acme: Any, call: Call, outcomes: list[str], speaker: int) -> None:
    query = uuid4()
    for outcome in outcomes:
        call(query=query, outcome=outcome)
    assert list(UsageRecord.objects.filter(answers=True).values_list("attempt", flat=True)) == [speaker]


def test_attempts_closed_out_of_order_agree_on_the_speaker(in_acme: Any) -> None:
    query = uuid4()
    first, second = (metering.open_record(new(query_id=query)) for _ in range(2))
    metering.close_record(second, CLOSING)
    metering.close_record(first, CLOSING)
    assert UsageRecord.objects.get(answers=True).public_id == second


@pytest.mark.promise("BIL-2")
def test_the_sweeper_books_the_expected_cost_as_estimated(in_acme: Any) -> None:
    record = metering.open_record(new(estimated_cost=Decimal("0.25"), estimated_input_tokens=900))
    UsageRecord.objects.update(opened_at=datetime.now(UTC) - timedelta(hours=1))
    assert metering.settle_abandoned() == 1
    row = UsageRecord.objects.get(public_id=record)
    assert (row.outcome, row.cost, row.input_tokens, row.error) == ("estimated", Decimal("0.25"), 900, "abandoned")


def test_the_sweeper_leaves_young_and_closed_records_alone(in_acme: Any, call: Call) -> None:
    metering.open_record(new())
    call(at=NOON - timedelta(days=1))
    assert metering.settle_abandoned() == 0


def test_a_caller_that_comes_after_the_sweeper_changes_nothing(in_acme: Any) -> None:
    record = metering.open_record(new())
    metering.settle_abandoned(older_than=timedelta(seconds=-1))
    assert metering.close_record(record, CLOSING) is False


@pytest.mark.promise("BIL-2")
@pytest.mark.parametrize(("kind", "name"), [("tool_call", "open_ticket"), ("ticket", "incident")])
def test_tool_calls_and_tickets_are_metered(in_acme: Any, kind: str, name: str) -> None:
    record = UsageRecord.objects.get(public_id=metering.count(kind, name=name))
    assert (record.kind, record.name, record.state, record.cost) == (kind, name, State.CLOSED, 0)


def test_a_metered_tool_call_falls_with_its_transaction(in_acme: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        metering.count("tool_call", name="open_ticket")
        raise ZeroDivisionError
    assert not UsageRecord.objects.exists()


def test_records_of_one_organization_are_not_in_another(cast: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        call(cost="3")
    with tenant_context(cast.meridian):
        assert not UsageRecord.objects.exists()
        assert spend.month_spend().spent == 0


@pytest.mark.promise("BIL-2")
def test_of_parallel_closers_one_wins(founded: Callable[..., Any]) -> None:
    organization = founded()
    with tenant_context(organization):
        record = metering.open_record(new())

    def close() -> bool:
        with transaction.atomic():
            return metering.close_record(record, Closing(outcome="final", cost=Decimal(2)))

    results = at_once(organization, 8, close)
    assert sorted(results) == [False] * 7 + [True]
    with tenant_context(organization):
        assert spend.month_spend().spent == 2


def test_parallel_attempts_of_one_query_get_numbers_of_their_own(founded: Callable[..., Any]) -> None:
    organization, query = founded(), uuid4()
    results = at_once(organization, 4, lambda: metering.open_record(new(query_id=query)))
    assert not [result for result in results if isinstance(result, Exception)]
    with tenant_context(organization):
        assert sorted(UsageRecord.objects.values_list("attempt", flat=True)) == [1, 2, 3, 4]
