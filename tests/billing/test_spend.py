"""The monthly limit of model spend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction

from billing import counters, metering, spend
from billing.models import MonthlySpend, SpendReservation
from billing.plans.subscriptions import set_quota
from billing.quotas import QuotaExceeded, release_spend, reserve_spend
from tenants.context import tenant_context
from tests.billing.conftest import Call, at_once


@pytest.fixture
def ten_dollars(in_acme: Any) -> Any:
    set_quota("spend_per_month", Decimal(10), actor="system:tests")
    return in_acme


def test_money_is_held_until_it_is_released(ten_dollars: Any) -> None:
    reservation = reserve_spend(Decimal("4"), uuid4())
    assert spend.month_spend().reserved == 4
    with transaction.atomic():
        release_spend(reservation)
    assert spend.month_spend().reserved == 0


def test_releasing_twice_gives_back_once(ten_dollars: Any) -> None:
    reserve_spend(Decimal("3"), uuid4())
    reservation = reserve_spend(Decimal("4"), uuid4())
    with transaction.atomic():
        assert [release_spend(reservation), release_spend(reservation)] == [True, False]
    assert spend.month_spend().reserved == 3


@pytest.mark.promise("BIL-3")
def test_it_refuses_what_would_pass_the_limit(ten_dollars: Any, call: Call) -> None:
    call(cost="7.5")
    reserve_spend(Decimal("2"), uuid4())
    with pytest.raises(QuotaExceeded) as refused:
        reserve_spend(Decimal("0.6"), uuid4())
    assert (refused.value.limit, refused.value.usage) == (Decimal(10), Decimal("9.5"))
    assert refused.value.extra["usage"] == "9.5"
    assert "$10 of model spend a month (Professional plan); $9.50" in refused.value.detail


def test_one_request_dearer_than_the_limit_is_refused(ten_dollars: Any) -> None:
    with pytest.raises(QuotaExceeded):
        reserve_spend(Decimal("10.01"), uuid4())


def test_what_a_crash_left_behind_expires(ten_dollars: Any) -> None:
    reserve_spend(Decimal("9"), uuid4())
    with time_machine.travel(datetime.now(UTC) + spend.HELD_FOR + timedelta(seconds=1)):
        assert reserve_spend(Decimal("9"), uuid4()).amount == 9


def test_releasing_after_expiry_gives_nothing_back_twice(ten_dollars: Any) -> None:
    reservation = reserve_spend(Decimal("9"), uuid4(), held_for=timedelta(0))
    assert spend.expire_reservations() == 1
    with transaction.atomic():
        assert release_spend(reservation) is False
    assert spend.month_spend().reserved == 0


def test_without_a_limit_nothing_is_held(in_acme: Any) -> None:
    set_quota("spend_per_month", None, actor="system:tests")
    assert reserve_spend(Decimal("1000000"), uuid4()).id is None
    assert not SpendReservation.objects.exists()


def test_a_new_month_starts_at_zero(ten_dollars: Any) -> None:
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)):
        reserve_spend(Decimal("10"), uuid4())
    with time_machine.travel(datetime(2026, 12, 1, 0, 1, tzinfo=UTC)):
        assert reserve_spend(Decimal("10"), uuid4()).amount == 10


def test_a_negative_reservation_is_an_error(ten_dollars: Any) -> None:
    with pytest.raises(ValueError, match="negative"):
        reserve_spend(Decimal("-1"), uuid4())


def test_answers_settle_side_by_side_and_nothing_is_lost(founded: Callable[..., Any], call: Call) -> None:
    organization = founded()

    def answer() -> None:
        for _ in range(3):
            held = reserve_spend(Decimal(2), uuid4())
            record = metering.open_record(metering.NewRecord(held.query_id, "demo", "gpt-4o", "large"))
            with transaction.atomic():
                metering.close_record(record, metering.Closing("final", cost=Decimal("0.5")))
                release_spend(held)
            spend.expire_reservations()

    assert at_once(organization, 8, answer) == [None] * 8
    with tenant_context(organization):
        assert spend.month_spend() == spend.Spend(spent=Decimal(12), reserved=Decimal(0))


@pytest.mark.promise("BIL-3")
def test_at_80_percent_it_warns_once(ten_dollars: Any, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(counters, "record", lambda **entry: written.append(entry["payload"]["usage"]))
    for cost in ("7.9", "0.1", "0.1"):
        call(cost=cost)
        reserve_spend(Decimal("0.1"), uuid4())
    assert written == ["$8"]


def test_parallel_reservations_stop_at_the_limit(founded: Callable[..., Any]) -> None:
    organization = founded()
    with tenant_context(organization):
        set_quota("spend_per_month", Decimal(10), actor="system:tests")
    results = at_once(organization, 12, lambda: reserve_spend(Decimal(2), uuid4()))
    assert sum(isinstance(result, QuotaExceeded) for result in results) == 7
    with tenant_context(organization):
        assert spend.month_spend().reserved == 10


def test_control_checking_before_spending_lets_parallel_queries_through(founded: Callable[..., Any]) -> None:
    """Shows that the test above can fail: check, then spend, as two statements."""
    organization = founded()
    with tenant_context(organization):
        MonthlySpend.objects.create(month=spend.month_start())

    all_have_looked = Barrier(12)

    def spend_carelessly() -> bool:
        row = MonthlySpend.objects.get()
        all_have_looked.wait(timeout=30)
        if row.spent + 2 > 10:
            return False
        with transaction.atomic():
            spend.add_spend(Decimal(2), datetime.now(UTC))
        return True

    at_once(organization, 12, spend_carelessly)
    with tenant_context(organization):
        assert spend.month_spend().spent > 10
