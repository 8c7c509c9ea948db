"""The sum of the parts is the whole, however often and whenever it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from django.db import connection, models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import metering, rollups, usage
from billing.models import MonthlySpend, State, UsageDay, UsageHour, UsageRecord
from billing.platform.models import PlatformUsageDaily
from tenants.context import platform_context, tenant_context
from tests.billing.conftest import NOON, Call, at_once

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
AGENTS = [(None, ""), (UUID(int=1), "front-desk"), (UUID(int=2), "incident-manager")]
QUERIES = [UUID(int=number) for number in range(100, 106)]


@dataclass(frozen=True)
class Call_:
    query: UUID
    agent: tuple[UUID | None, str]
    tier: str
    at: datetime
    outcome: str
    cost: Decimal
    tokens: int
    closes: int
    rolls_up: bool


CALLS = st.builds(
    Call_,
    query=st.sampled_from(QUERIES),
    agent=st.sampled_from(AGENTS),
    tier=st.sampled_from(["small", "large"]),
    at=st.datetimes(datetime(2026, 10, 30), datetime(2026, 11, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    outcome=st.sampled_from(["final", "estimated", "refused", "failed"]),
    cost=st.decimals(0, 5, places=10, allow_nan=False),
    tokens=st.integers(0, 100_000),
    closes=st.integers(0, 3),
    rolls_up=st.booleans(),
)


def play(calls: list[Call_]) -> None:
    """Open each call, close it as often as told (redelivery), and sum up in between."""
    for one in calls:
        record = metering.open_record(
            metering.NewRecord(
                one.query, "demo", f"model-{one.tier}", one.tier, agent_id=one.agent[0], agent_slug=one.agent[1]
            )
        )
        UsageRecord.objects.filter(public_id=record).update(opened_at=one.at)
        closing = metering.Closing(
            one.outcome, input_tokens=one.tokens, cost=one.cost, baseline_cost=one.cost * 3, latency_ms=one.tokens
        )
        for _ in range(one.closes):
            metering.close_record(record, closing)
        if one.rolls_up:
            rollups.roll_up()


def truth() -> usage.Figures:
    """The records added up one by one."""
    rows = list(UsageRecord.objects.filter(state=State.CLOSED))
    return usage.Figures(
        records=len(rows),
        queries=len({row.query_id for row in rows}),
        failures=sum(row.outcome in ("refused", "failed") for row in rows),
        estimates=sum(row.outcome == "estimated" for row in rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cached_tokens=sum(row.cached_tokens for row in rows),
        cost=sum((row.cost for row in rows), Decimal(0)),
        baseline_cost=sum((row.baseline_cost for row in rows), Decimal(0)),
    )


def stored(model: type[models.Model]) -> list[dict[str, Any]]:
    rows = [{k: v for k, v in row.items() if k != "id"} for row in model.objects.values()]
    return sorted(rows, key=str)


@pytest.mark.promise("BIL-4")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(CALLS, max_size=12))
def test_the_sum_of_the_parts_is_the_whole(in_acme: Any, calls: list[Call_]) -> None:
    with transaction.atomic():
        play(calls)
        whole = truth()
        for _ in ("live", "rolled up"):
            for group_by in get_args(usage.GroupBy):
                parts = usage.summary(START, END, group_by)
                assert usage.add_up(part.figures for part in parts) == whole, group_by
            report = usage.report(START, END)
            assert report.total == report.tiers.all == whole
            assert usage.add_up(day.tiers.all for day in report.days) == whole
            assert usage.add_up(model.figures for model in report.models) == whole
            assert usage.add_up(agent.tiers.all for agent in report.agents) == whole
            rollups.roll_up()
        connection.run_before_commit()  # the block is rolled back and never gets there by itself
        assert sum((row.spent for row in MonthlySpend.objects.all()), Decimal(0)) == whole.cost
        shared = PlatformUsageDaily.objects.aggregate(cost=models.Sum("cost"), queries=models.Sum("queries"))
        assert (shared["cost"] or 0, shared["queries"] or 0) == (whole.cost, whole.queries)
        transaction.set_rollback(True)


@pytest.mark.promise("BIL-4")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(CALLS, min_size=1, max_size=12))
def test_running_again_changes_nothing(in_acme: Any, calls: list[Call_]) -> None:
    with transaction.atomic():
        play(calls)
        rollups.roll_up()
        tables = (UsageHour, UsageDay, PlatformUsageDaily)
        before = [stored(table) for table in tables]
        assert rollups.roll_up() == 0
        assert [stored(table) for table in tables] == before
        rollups.rebuild()
        assert [stored(table) for table in tables] == before
        transaction.set_rollback(True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(CALLS, max_size=10),
    start=st.datetimes(datetime(2026, 10, 29), datetime(2026, 11, 3), timezones=st.just(UTC)),  # noqa: DTZ001
    hours=st.integers(0, 72),
)
def test_any_window_of_whole_hours_adds_up(in_acme: Any, calls: list[Call_], start: datetime, hours: int) -> None:
    start = start.replace(minute=0, second=0, microsecond=0)
    end = start + timedelta(hours=hours)
    with transaction.atomic():
        play(calls)
        rows = UsageRecord.objects.filter(state=State.CLOSED, opened_at__gte=start, opened_at__lt=end)
        cost = sum((row.cost for row in rows), Decimal(0))
        assert usage.total(start, end).cost == cost
        rollups.roll_up()
        assert usage.total(start, end).cost == cost
        transaction.set_rollback(True)


def test_a_late_record_is_picked_up(in_acme: Any, call: Call) -> None:
    call(cost="1", at=NOON)
    rollups.roll_up()
    call(cost="2", at=NOON - timedelta(days=3))
    assert usage.total(START, END).cost == 3
    rollups.roll_up()
    assert sum(row.cost for row in UsageDay.objects.all()) == 3


def test_an_attempt_that_answers_later_moves_the_query_to_its_tier(in_acme: Any, call: Call) -> None:
    query = uuid4()
    call(query=query, tier="small", outcome="failed", cost="0", at=NOON)
    rollups.roll_up()
    call(query=query, tier="large", at=NOON + timedelta(hours=2))
    for _ in ("live", "rolled up"):
        tiers = usage.report(START, END).tiers
        assert (tiers.small.queries, tiers.large.queries) == (0, 1)
        rollups.roll_up()


def test_an_open_record_is_in_no_sum(in_acme: Any) -> None:
    metering.open_record(metering.NewRecord(uuid4(), "demo", "gpt-4o", "large", estimated_cost=Decimal(5)))
    rollups.roll_up()
    assert usage.total(START, END) == usage.NOTHING


def test_tool_calls_and_tickets_stand_apart(in_acme: Any, call: Call) -> None:
    call()
    metering.count("tool_call", name="open_ticket")
    metering.count("ticket", name="incident")
    rollups.roll_up()
    now = datetime.now(UTC)
    counts = {row.kind: row.figures.records for row in usage.summary(START, now + timedelta(hours=1), "kind")}
    assert counts == {"model_call": 1, "tool_call": 1, "ticket": 1}
    assert usage.total(START, now + timedelta(hours=1)).records == 1


def test_the_95th_percentile_is_close(in_acme: Any, call: Call) -> None:
    for milliseconds in range(100, 2100, 100):
        call(latency_ms=milliseconds, at=NOON)
    for _ in ("live", "rolled up"):
        p95 = usage.report(START, END).agents[0].p95_ms
        assert p95 is not None
        assert abs(p95 - 1900) < 200
        rollups.roll_up()


@pytest.mark.promise("TEN-3")
def test_a_tenant_sees_and_writes_its_own_rows_of_the_platforms_table(cast: Any, call: Call) -> None:
    for organization in (cast.acme, cast.meridian):
        with tenant_context(organization):
            call(cost="1" if organization is cast.acme else "2")
            rollups.roll_up()
            assert PlatformUsageDaily.objects.count() == 1
            PlatformUsageDaily.objects.exclude(organization_id=organization.id).update(cost=99)
    with platform_context():
        costs = PlatformUsageDaily.objects.order_by("cost").values_list("organization_id", "cost")
        assert list(costs) == [(cast.acme.id, 1), (cast.meridian.id, 2)]


def test_the_platforms_table_takes_no_row_in_another_tenants_name(in_acme: Any, meridian: Any) -> None:
    from django.db import DatabaseError

    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        PlatformUsageDaily.objects.create(organization_id=meridian.id, day=NOON.date(), kind="model_call")


@pytest.mark.promise("BIL-4")
def test_parallel_runs_and_closers_lose_and_double_nothing(founded: Callable[..., Any], call: Call) -> None:
    organization = founded()

    def work() -> None:
        for _ in range(4):
            call(cost="1")
            rollups.roll_up()

    results = at_once(organization, 6, work)
    assert results == [None] * 6
    with tenant_context(organization):
        assert usage.total(START, datetime.now(UTC) + timedelta(hours=1)).cost == 24
        rollups.roll_up()
        assert sum(row.cost for row in UsageDay.objects.all()) == 24
        assert sum(row.cost for row in UsageHour.objects.all()) == 24
