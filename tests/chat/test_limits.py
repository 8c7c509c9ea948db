"""What ends a turn: each limit names itself, and what was used is settled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agents.chat.asking import Question
from agents.chat.models import Message, Turn
from agents.runtime.events import HandedOver, ToolCalled, ToolReturned, TurnEvent, TurnFailed
from agents.runtime.limits import LimitReached, Limits
from agents.runtime.registry import registry
from billing.models import UsageRecord
from tests.chat.conftest import Place, rows
from tests.demo_server import DemoServer

pytestmark = pytest.mark.promise("AGT-6")
VPN = "My VPN drops every day at nine, find out why and open a ticket"


async def run(place: Place, text: str = VPN, **limits: Any) -> tuple[Any, list[TurnEvent]]:
    """Run one turn under limits; returns how it ended, and all its events."""
    events: list[TurnEvent] = []
    question = Question(tenant=place.tenant, user=place.people["owner"], text=text)
    launched = await registry().start(question, limits=Limits(**limits), listener=events.append)
    assert launched.running is not None
    ending = await launched.running.wait()
    await registry().close()
    return ending, events


@pytest.mark.parametrize(
    ("name", "value"),
    [("rounds", 1), ("tool_calls", 1), ("handoffs", 0), ("cost", Decimal("0.0000001"))],
)
async def test_a_limit_ends_the_turn_and_names_itself(here: Place, name: str, value: Any) -> None:
    ending, events = await run(here, **{name: value})
    assert isinstance(ending, TurnFailed)
    assert (ending.code, ending.extra["limit_name"], ending.extra["limit"]) == ("limit-reached", name, str(value))
    assert events[-1] is ending


async def test_the_time_limit_cuts_the_answer_and_keeps_what_was_written(here: Place, sleepy: DemoServer) -> None:
    ending, _ = await run(here, "Hi", seconds=3)
    assert (ending.code, ending.extra["limit_name"]) == ("limit-reached", "seconds")

    def kept() -> tuple[str, list[str], int]:
        turn = Turn.objects.latest("id")
        texts = turn.messages.filter(role=Message.Role.AGENT, state="failed").values_list("text", flat=True)
        return turn.state, list(texts), UsageRecord.objects.filter(query_id=turn.query_id, state="open").count()

    state, texts, open_records = await rows(here, kept)
    assert (state, open_records) == ("failed", 0)
    assert texts
    assert texts[0]


async def test_what_a_limited_turn_used_is_settled(here: Place) -> None:
    ending, _ = await run(here, rounds=1)
    turn = await rows(here, lambda: Turn.objects.latest("id"))
    records = await rows(here, lambda: list(UsageRecord.objects.filter(query_id=turn.query_id, kind="model_call")))
    assert [record.state for record in records] == ["closed"]
    assert sum(record.cost for record in records) == sum(call.cost for call in ending.calls) > 0


async def test_the_words_of_a_limit_say_what_happened_and_what_to_do(here: Place) -> None:
    ending, _ = await run(here, rounds=1)
    assert "1 times" in ending.detail
    assert "ask again in smaller steps" in ending.detail


@pytest.mark.parametrize("name", ["rounds", "tool_calls", "handoffs", "seconds", "cost"])
def test_every_limit_has_words(name: str) -> None:
    assert (
        str(getattr(Limits(), name)).rstrip("0").rstrip(".") in LimitReached(name, getattr(Limits(), name), "A").detail
    )


async def test_events_come_in_the_order_of_what_happens(here: Place) -> None:
    _, events = await run(here)
    kinds = [type(event) for event in events]
    assert kinds.index(ToolCalled) < kinds.index(ToolReturned) < kinds.index(HandedOver)
