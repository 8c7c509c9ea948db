"""The desk's use cases."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.tickets import desk
from agents.tickets.exceptions import NeedsSomebodyElse, NeedsWords, TransitionRefused
from agents.tickets.models import Ticket
from agents.tickets.priorities import priority_of
from agents.tickets.states import ALL_STATES, LIFE_CYCLES, LifeCycle
from billing.quotas import QuotaExceeded
from tenants.context import tenant_context
from tenants.exceptions import Invalid, NotFound
from tests.conftest import Cast

ALICE, BOB = "person:00000000-0000-4000-8000-00000000000a", "person:00000000-0000-4000-8000-00000000000b"


def opened(title: str = "VPN drops", actor: str = ALICE, **fields: Any) -> Ticket:
    return desk.open_ticket(desk.NewTicket(title, **fields), actor=actor)


@pytest.mark.promise("TKT-2")
@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [("high", "high", 1), ("high", "low", 3), ("medium", "medium", 3), ("low", "high", 3), ("low", "low", 5)],
)
def test_priority_follows_from_impact_and_urgency(impact: str, urgency: str, priority: int) -> None:
    assert priority_of(impact, urgency) == priority


@pytest.mark.parametrize("words", ["-" * 100, "- " * 100, "VPN " + "--" * 50])
def test_a_search_for_many_dashes_is_answered(in_acme: Any, words: str) -> None:
    opened("VPN drops")
    assert list(Ticket.objects.matching(words)) == list(Ticket.objects.matching(words.replace("-", "")))


@pytest.mark.promise("TKT-1")
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("incident", "INC-000001"),
        ("service_request", "REQ-000001"),
        ("problem", "PRB-000001"),
        ("change", "CHG-000001"),
    ],
)
def test_each_type_counts_for_itself(in_acme: Any, kind: str, number: str) -> None:
    assert opened(kind=kind).number == number


def test_numbers_go_on_without_a_gap_after_a_refused_ticket(in_acme: Any) -> None:
    opened()
    with pytest.raises(Invalid):
        opened(title="", impact="high")
    assert opened().number == "INC-000002"


@pytest.mark.promise("TEN-3")
def test_two_tenants_have_the_same_numbers_and_not_each_others_tickets(cast: Cast) -> None:
    with tenant_context(cast.acme):
        opened("acme's secret")
    with tenant_context(cast.meridian):
        assert opened("meridian's secret").number == "INC-000001"
        assert desk.find("INC-000001").title == "meridian's secret"


@pytest.mark.promise("TKT-1")
def test_parallel_openings_leave_no_gap_and_no_double(founded: Callable[..., Any]) -> None:
    organization = founded()
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        with tenant_context(organization):
            for _ in range(5):
                opened()
        connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_context(organization):
        numbers = sorted(Ticket.objects.values_list("number", flat=True))
    assert numbers == [f"INC-{n:06d}" for n in range(1, 41)]


@pytest.mark.promise("TKT-4")
def test_past_the_months_quota_a_ticket_is_refused_with_the_facts(
    in_acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing import counters, limits

    found = limits.load_limits()
    monkeypatch.setattr(counters, "load_limits", lambda: _limited(found, 1))
    opened()
    with pytest.raises(QuotaExceeded) as caught:
        opened()
    assert caught.value.extra["limit"] is not None
    assert Ticket.objects.count() == 1


def _limited(limits: Any, tickets: int) -> Any:
    class Limited:
        def __getattr__(self, name: str) -> Any:
            return getattr(limits, name)

        def of(self, name: str) -> Any:
            return Decimal(tickets) if name == "tickets_per_month" else limits.of(name)

    return Limited()


@pytest.mark.promise("TKT-1")
@pytest.mark.parametrize("cycle", LIFE_CYCLES.values(), ids=lambda c: c.kind)
def test_every_state_can_be_reached_and_left_for_good(cycle: LifeCycle) -> None:
    reached, todo = {cycle.initial}, [cycle.initial]
    while todo:
        for step in cycle.possible(todo.pop()):
            if step.target not in reached:
                reached.add(step.target)
                todo.append(step.target)
    assert reached == set(cycle.states)
    assert set(cycle.states) <= set(ALL_STATES)


@pytest.mark.promise("TKT-1")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(LIFE_CYCLES)),
    steps=st.lists(st.sampled_from(sorted({t.name for c in LIFE_CYCLES.values() for t in c.transitions})), max_size=12),
)
def test_history_replays_to_the_state_whatever_is_tried(in_acme: Any, kind: str, steps: list[str]) -> None:
    ticket = opened(kind=kind)
    for step in steps:
        try:
            ticket = desk.transition(ticket, step, actor=BOB, note="because")
        except TransitionRefused:
            assert step not in {t.name for t in ticket.possible_transitions}
    states = [change.after for change in ticket.changes.filter(field="state")]
    assert states[-1] == ticket.state
    assert (ticket.resolved_at is None) is ticket.is_open
    for before, after in pairwise(states):
        assert LIFE_CYCLES[kind].to(before, after) is not None


def test_a_refused_step_says_what_is_possible(in_acme: Any) -> None:
    with pytest.raises(TransitionRefused, match="Possible are: start, wait, resolve"):
        desk.transition(opened(), "close", actor=BOB)


def test_resolving_needs_words(in_acme: Any) -> None:
    with pytest.raises(NeedsWords):
        desk.transition(opened(), "resolve", actor=BOB, note="  ")


@pytest.mark.promise("TKT-1")
def test_nobody_approves_their_own_change(in_acme: Any) -> None:
    change = opened(kind="change")
    for step in ("assess", "ask_approval"):
        change = desk.transition(change, step, actor=ALICE)
    with pytest.raises(NeedsSomebodyElse):
        desk.transition(change, "approve", actor=ALICE)
    assert desk.transition(change, "approve", actor=BOB).state == "scheduled"


def test_raising_the_impact_raises_the_priority_and_leaves_a_trace(in_acme: Any) -> None:
    ticket = desk.update_ticket(opened(), {"impact": "high", "urgency": "high"}, actor=BOB)
    assert ticket.priority == 1
    assert set(ticket.changes.values_list("field", flat=True)) == {"state", "impact", "urgency", "priority"}


def test_a_stranger_cannot_be_assigned(cast: Cast) -> None:
    with tenant_context(cast.acme), pytest.raises(Invalid, match="no member"):
        desk.assign(opened(), person=cast.charlie.public_id, actor=ALICE)


def test_a_member_can_be_assigned(cast: Cast) -> None:
    with tenant_context(cast.acme):
        ticket = desk.assign(opened(), person=cast.bob.public_id, actor=ALICE)
        assert ticket.assigned_person == cast.bob.public_id


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"impact": "huge"}, "impact"),
        ({"kind": "wish"}, "kind"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0"}, "title"),
    ],
)
def test_bad_fields_are_named(in_acme: Any, fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Invalid) as caught:
        opened(**{"title": "x", **fields})
    assert name in caught.value.errors


def test_what_is_applied_together_fails_together(in_acme: Any) -> None:
    ticket = opened()
    with pytest.raises(TransitionRefused):
        desk.apply(ticket, changes={"impact": "high"}, comment_text="hello", step="close", actor=BOB)
    assert not ticket.comments.exists()
    assert desk.find(ticket.number).impact == "medium"


@pytest.mark.promise("AUD-1")
def test_each_act_is_in_the_chain(in_acme: Any) -> None:
    from audit.models import Entry

    ticket = opened()
    desk.comment(ticket, "Looking into it", actor=BOB)
    desk.transition(ticket, "start", actor=BOB)
    target = f"tickets.ticket:{ticket.public_id}"
    actions = list(Entry.objects.filter(target=target).order_by("seq").values_list("action", flat=True))
    assert [re.sub(r".*\.", "", action) for action in actions] == ["opened", "commented", "transitioned"]


def test_search_finds_words_and_numbers(in_acme: Any) -> None:
    opened("The printer on floor three jams")
    other = opened("Mail is slow")
    assert [t.title for t in Ticket.objects.matching("printer jams")] == ["The printer on floor three jams"]
    assert list(Ticket.objects.matching(other.number)) == [other]


def test_an_unknown_number_is_not_found(in_acme: Any) -> None:
    with pytest.raises(NotFound):
        desk.find("INC-999999")
