"""The first page: its figures, its feed, its empty places, and what it costs to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import overview
from agents.models import Agent
from agents.tickets import desk
from audit.chain import record
from billing import metering
from billing.metering import Closing, NewRecord

MOST_QUERIES = 25


@pytest.fixture
def asked(in_acme: Any) -> Callable[..., None]:
    """A function that meters one answered query of an agent."""

    def ask(agent: Agent | None = None, *, tier: str = "small", cost: str = "0.0002", baseline: str = "0.0036") -> None:
        record_id = metering.open_record(
            NewRecord(
                query_id=uuid4(),
                provider="demo",
                model="gpt-4o" if tier == "large" else "llama-3.2-3b",
                tier=tier,
                agent_id=agent.public_id if agent else None,
                agent_slug=agent.slug if agent else "",
                estimated_cost=Decimal(cost),
            )
        )
        metering.close_record(
            record_id,
            Closing(
                outcome="final",
                input_tokens=100,
                output_tokens=20,
                cost=Decimal(cost),
                baseline_cost=Decimal(baseline),
                latency_ms=900,
            ),
        )

    return ask


def test_an_organization_where_nothing_happened_teaches_the_next_step(client_of: Any, cast: Any) -> None:
    page = client_of(cast.alice, cast.acme).get("/").content.decode()
    assert "Nothing was asked this month" in page
    assert "No agent was asked today" in page


@pytest.mark.promise("ANA-1")
def test_it_counts_queries_money_and_what_was_saved(asked: Callable[..., None], cast: Any) -> None:
    agent = Agent.objects.get(slug="front-desk")
    asked(agent)
    asked(agent, tier="large", cost="0.0100", baseline="0.0100")
    shown = overview.look("today")
    assert shown.usage.total.queries == 2
    assert shown.usage.total.cost == Decimal("0.0102")
    assert shown.usage.total.saved == Decimal("0.0034")
    assert [row.name for row in shown.busiest] == [agent.name]


def test_questions_without_an_agent_have_a_line_too(asked: Callable[..., None]) -> None:
    asked(None)
    assert [row.name for row in overview.look("today").busiest] == ["Asked without an agent"]


def test_the_month_is_drawn_day_by_day_with_gaps_as_zeros(asked: Callable[..., None]) -> None:
    asked(None)
    chart = overview.look("today").spend_chart
    assert len(chart["labels"]) == timezone.now().astimezone(UTC).day
    assert chart["labels"][-1] == "Today"
    assert chart["small"][-1] == pytest.approx(0.0002)
    assert sum(chart["small"][:-1]) == 0


@pytest.mark.parametrize(("key", "days"), [("today", 1), ("week", 7), ("month", 20), ("nonsense", 1)])
def test_periods_end_with_today(key: str, days: int) -> None:
    choices = overview.periods(datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    period = choices.get(key, choices["today"])
    assert period.end - period.start == timedelta(days=days)
    assert period.end == datetime(2026, 11, 21, tzinfo=UTC)


def test_a_ticket_that_nobody_has_needs_a_person(in_acme: Any, cast: Any) -> None:
    actor = f"person:{cast.alice.public_id}"
    ticket = desk.open_ticket(desk.NewTicket(kind="incident", title="VPN drops"), actor=actor)
    shown = overview.look("today")
    assert [row.number for row in shown.waiting] == [ticket.number]
    assert (shown.desk.open, shown.desk.opened, shown.desk.resolved) == (1, 1, 0)


def test_the_feed_tells_a_question_once(in_acme: Any, cast: Any) -> None:
    query = str(uuid4())
    agent = Agent.objects.get(slug="front-desk")
    with transaction.atomic():
        for action, actor in (
            ("chat.conversation.opened", cast.alice.actor),
            ("chat.message.asked", cast.alice.actor),
            ("routing.decision.made", agent.actor),
            ("chat.message.answered", agent.actor),
        ):
            payload = {"query": query, "agent": agent.name, "model": "llama-3.2-3b", "tier": "small", "cost": "0.0002"}
            record(action=action, target="chat.turn:1", actor=actor, payload=payload)
    newest = overview.newest_happenings()[:2]
    assert [row.who for row in newest] == [agent.name, "Alice"]
    assert newest[0].words == "answered with llama-3.2-3b"
    assert (newest[0].mark, newest[0].cost) == ("small", "0.0002")


def test_a_decision_without_a_conversation_is_told(in_acme: Any) -> None:
    with transaction.atomic():
        payload = {"query": str(uuid4()), "model": "gpt-4o", "tier": "large"}
        record(action="routing.decision.made", target="routing.decision:1", actor="system:api", payload=payload)
    assert overview.newest_happenings()[0].mark == "large"


def test_nothing_of_another_organization_is_shown(client_of: Any, cast: Any, asked: Callable[..., None]) -> None:
    asked(None)
    page = client_of(cast.charlie, cast.meridian).get("/").content.decode()
    assert "Nothing was asked this month" in page
    assert "Acme" not in page


@pytest.mark.parametrize("name", ["alice", "bob", "vera"])
def test_every_member_sees_it(client_of: Any, cast: Any, name: str) -> None:
    assert client_of(getattr(cast, name), cast.acme).get("/").status_code == 200


def test_strangers_are_led_to_the_sign_in(client_of: Any, cast: Any) -> None:
    for person in (None, cast.charlie):
        response = client_of(person, cast.acme).get("/")
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")


def test_it_asks_the_database_at_most_twenty_five_times(
    client_of: Any, cast: Any, asked: Callable[..., None], in_acme: Any
) -> None:
    agents = list(Agent.objects.all()[:5])
    for agent in agents:
        asked(agent)
        desk.open_ticket(desk.NewTicket(kind="incident", title=agent.name), actor=cast.alice.actor)
    client = client_of(cast.alice, cast.acme)
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    asked_for = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked_for) <= MOST_QUERIES, "\n".join(asked_for)


def test_htmx_gets_the_live_parts_alone(client_of: Any, cast: Any) -> None:
    page = client_of(cast.alice, cast.acme).get("/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="figures"' in page
    assert "<html" not in page
