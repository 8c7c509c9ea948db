"""Settling: once, with the caller's transaction or not at all, and visible to nobody else."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit.models import Entry
from billing.metering import Closing, NewRecord, open_record
from billing.models import MonthlySpend, UsageRecord
from billing.spend import month_spend, reserve_spend
from routing.models import RoutingDecision
from routing.outcomes import Attempt, Outcome
from routing.policy import RouteRequest, decide
from routing.providers.catalogue import Catalogue
from routing.settlement import settle
from routing.upstream import Usage
from tenants.context import current_tenant, tenant_context
from tests.routing.lab import ACTOR, large_option, make_call, make_option

SMALL, HUGE = make_option("a/small"), large_option("a/huge")


def make_outcome(*kinds: str) -> Outcome:
    """An outcome of one answered call, after the failures that are named."""
    call = make_call(current_tenant())
    outcome = Outcome(call)
    outcome.decision = decide(RouteRequest("Hi", input_tokens=10), models=Catalogue((SMALL, HUGE)))
    outcome.reservation = reserve_spend(Decimal("0.5"), call.query_id)
    for kind in [*kinds, "final"]:
        record_id = open_record(NewRecord(call.query_id, "a", "small", "small"))
        cost = Decimal("0.001") if kind == "final" else Decimal(0)
        closing = Closing(kind, cost=cost, baseline_cost=cost * 10, error="" if kind == "final" else "server_error")
        outcome.attempts.append(Attempt(SMALL, record_id, closing=closing))
    outcome.cost, outcome.baseline_cost = Decimal("0.001"), Decimal("0.01")
    outcome.model, outcome.provider, outcome.tier = "small", "a", "small"
    outcome.usage = Usage(10, 20)
    return outcome


def settle_in_transaction(outcome: Outcome) -> RoutingDecision | None:
    with transaction.atomic():
        return settle(outcome, actor=ACTOR)


@pytest.mark.promise("BIL-2")
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(failures=st.lists(st.sampled_from(["refused", "failed"]), max_size=3), times=st.integers(1, 4))
def test_settling_any_number_of_times_is_settling_once(in_acme: Any, failures: list[str], times: int) -> None:
    before = month_spend().spent
    outcome = make_outcome(*failures)
    for _ in range(times):
        settle_in_transaction(outcome)
        outcome.is_settled = False  # as in a process that does not remember
        for attempt in outcome.attempts:
            attempt.is_closed = False
    records = UsageRecord.objects.filter(query_id=outcome.query_id)
    assert sorted(records.values_list("outcome", flat=True)) == sorted([*failures, "final"])
    assert RoutingDecision.objects.filter(query_id=outcome.query_id).count() == 1
    assert month_spend().spent - before == Decimal("0.001")
    assert MonthlySpend.objects.get().reserved == 0


@pytest.mark.promise("RTE-1")
def test_the_decision_holds_why_and_what_it_came_to(in_acme: Any) -> None:
    outcome = make_outcome("refused")
    settle_in_transaction(outcome)
    decision = RoutingDecision.objects.get(query_id=outcome.query_id)
    assert outcome.decision is not None
    assert decision.score == outcome.decision.complexity.score
    assert decision.reasons[-1] == "small did not answer (server_error)"
    assert (decision.cost, decision.baseline_cost, decision.attempts) == (Decimal("0.001"), Decimal("0.01"), 2)
    assert decision.actor == ACTOR


@pytest.mark.promise("AUD-1")
def test_the_decision_is_in_the_audit_chain(in_acme: Any) -> None:
    outcome = make_outcome()
    decision = settle_in_transaction(outcome)
    assert decision is not None
    entry = Entry.objects.order_by("-seq").first()
    assert (entry.action, entry.target) == ("routing.decision.made", f"routing.decision:{decision.public_id}")


def test_what_the_caller_rolls_back_stays_open_for_the_sweeper(in_acme: Any) -> None:
    outcome = make_outcome()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        settle(outcome, actor=ACTOR)
        raise ZeroDivisionError
    assert UsageRecord.objects.get(query_id=outcome.query_id).state == "open"
    assert not RoutingDecision.objects.filter(query_id=outcome.query_id).exists()
    assert settle_in_transaction(outcome) is not None


def test_after_the_sweeper_the_decision_is_still_written(in_acme: Any) -> None:
    from datetime import timedelta

    from billing.metering import settle_abandoned

    outcome = make_outcome()
    assert settle_abandoned(timedelta(0)) >= 1
    assert settle_in_transaction(outcome) is not None
    assert UsageRecord.objects.get(query_id=outcome.query_id).outcome == "estimated"


def test_a_call_that_was_never_decided_has_nothing_to_settle(in_acme: Any) -> None:
    assert settle_in_transaction(Outcome(make_call(current_tenant()))) is None


@pytest.mark.promise("TEN-3")
def test_decisions_of_one_tenant_are_not_seen_by_another(acme: Any, meridian: Any) -> None:
    with tenant_context(acme):
        outcome = make_outcome()
        settle_in_transaction(outcome)
    with tenant_context(meridian):
        assert not RoutingDecision.objects.filter(query_id=outcome.query_id).exists()
        assert RoutingDecision.objects.count() == 0
