"""Stopping an answer, and what goes on without a socket."""

from __future__ import annotations

import asyncio
import time

import pytest

from agents.chat.models import Message, Turn
from agents.runtime.registry import registry
from billing.models import UsageRecord
from tests.chat.conftest import LONG, Client, Connect, Place, rows
from tests.demo_server import DemoServer

pytestmark = pytest.mark.promise("CHT-1")


async def begin(client: Client, deltas: int = 3) -> str:
    """Ask for something long and read a few pieces of the answer; returns the turn's id."""
    await client.send(type="ask", text=LONG)
    for _ in range(deltas):
        frame = await client.until("delta")
    return str(frame["turn"])


async def test_stop_ends_the_answer_and_the_providers_stream_within_a_second(
    here: Place, slow: DemoServer, connect: Connect
) -> None:
    mark = slow.mark()
    client = await connect(here)
    await begin(client)
    started = time.perf_counter()
    await client.send(type="stop")
    stopped = await client.until("stopped")
    assert time.perf_counter() - started < 1
    assert stopped["reason"] == "stopped"
    calls = await asyncio.to_thread(slow.settled, mark)
    assert calls[-1]["state"] == "cut", calls[-1]
    assert time.perf_counter() - started < 1


async def test_what_was_written_until_stop_is_kept_and_paid(here: Place, slow: DemoServer, connect: Connect) -> None:
    client = await connect(here)
    turn_id = await begin(client, deltas=5)
    await client.send(type="stop")
    stopped = await client.until("stopped")
    seen = "".join(frame["text"] for frame in client.frames if frame["type"] == "delta")

    def kept() -> tuple[str, str, list[tuple[str, str]]]:
        turn = Turn.objects.get(public_id=turn_id)
        message = turn.messages.exclude(text="").get(role=Message.Role.AGENT)
        records = UsageRecord.objects.filter(query_id=turn.query_id, kind="model_call").order_by("attempt")
        return turn.state, message.text, list(records.values_list("state", "outcome"))

    state, text, records = await rows(here, kept)
    assert state == "stopped"
    assert text == stopped["text"] == seen
    assert {state for state, _ in records} == {"closed"}
    assert records[-1] == ("closed", "estimated")
    assert float(stopped["cost"]) > 0


async def test_after_stop_the_next_question_is_answered(here: Place, slow: DemoServer, connect: Connect) -> None:
    client = await connect(here)
    await begin(client)
    await client.send(type="stop")
    stopped = await client.until("stopped")
    answered = await client.ask("Hi", conversation=stopped["conversation"])
    assert answered["type"] == "answered"


async def test_stop_without_anything_running_is_an_error(here: Place, connect: Connect) -> None:
    client = await connect(here)
    await client.send(type="stop")
    assert (await client.until("error"))["code"] == "turn-not-found"


async def test_nobody_else_can_stop_my_answer(here: Place, slow: DemoServer, connect: Connect) -> None:
    mine = await connect(here, "owner")
    turn_id = await begin(mine)
    other = await connect(here, "operator")
    await other.send(type="stop", turn=turn_id)
    assert (await other.until("error"))["code"] == "turn-not-found"
    await mine.send(type="stop")
    assert (await mine.until("stopped", "answered"))["type"] == "stopped"


async def test_a_lost_socket_does_not_end_the_turn(here: Place, slow: DemoServer, connect: Connect) -> None:
    client = await connect(here)
    turn_id = await begin(client)
    await client.close()
    running = [each for each in registry()._running.values() if str(each.begun.turn_id) == turn_id]
    await running[0].wait()
    turn = await rows(here, lambda: Turn.objects.get(public_id=turn_id))
    assert turn.state == "answered"


async def test_the_end_of_the_process_settles_what_runs(here: Place, slow: DemoServer, connect: Connect) -> None:
    client = await connect(here)
    turn_id = await begin(client)
    await registry().close()
    turn = await rows(here, lambda: Turn.objects.get(public_id=turn_id))
    assert (turn.state, turn.error_code) == ("stopped", "shutting-down")
    open_records = await rows(here, lambda: UsageRecord.objects.filter(query_id=turn.query_id, state="open").count())
    assert open_records == 0
