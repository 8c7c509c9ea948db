"""Frames without loss or doubles: cuts, late viewers, other processes, trimmed streams."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from agents.chat import frames, journal, snapshots
from agents.chat.models import Conversation, Message, Turn
from agents.chat.stream import Hub, stream_key
from agents.chat.viewer import Viewer
from tenants.context import in_tenant
from tenants.redis import async_redis
from tests.chat.conftest import LONG, Client, Connect, Place, rows
from tests.demo_server import DemoServer

pytestmark = pytest.mark.promise("CHT-1")
ENDS = ("answered", "stopped", "error")


def numbers(client: Client) -> list[int]:
    return [frame["frame"] for frame in client.frames if "frame" in frame and frame["type"] != "snapshot"]


async def read_some(client: Client, count: int) -> bool:
    """Read up to `count` numbered frames; True when the last of them ended the turn."""
    for _ in range(count):
        frame = await client.next()
        while "frame" not in frame:
            frame = await client.next()
        if frame["type"] in ENDS:
            return True
    return False


@pytest.mark.parametrize("seed", range(4))
async def test_random_cuts_lose_and_double_nothing(here: Place, slow: DemoServer, connect: Connect, seed: int) -> None:
    dice = random.Random(seed)
    client = await connect(here)
    await client.send(type="ask", text=LONG)
    conversation = (await client.until("accepted"))["conversation"]
    seen: list[dict[str, Any]] = []
    is_over = await read_some(client, dice.randint(1, 6))
    while True:
        seen += [frame for frame in client.frames if "frame" in frame]
        if is_over:
            break
        await client.close()
        await asyncio.sleep(dice.random() / 10)
        client = await connect(here)
        await client.send(type="resume", conversation=conversation, frame=seen[-1]["frame"])
        assert (await client.until("resumed", "snapshot"))["type"] == "resumed"
        is_over = await read_some(client, dice.randint(1, 25))
    assert [frame["frame"] for frame in seen] == list(range(1, len(seen) + 1))
    text = "".join(frame["text"] for frame in seen if frame["type"] == "delta")
    assert text == seen[-1]["text"]


async def test_a_second_tab_sees_the_same_frames(here: Place, slow: DemoServer, connect: Connect) -> None:
    first = await connect(here)
    await first.send(type="ask", text=LONG)
    started = await first.until("started")
    second = await connect(here)
    await second.send(type="resume", conversation=started["conversation"], frame=started["frame"])
    ends = await asyncio.gather(first.until("answered", timeout=30), second.until("answered", timeout=30))
    assert ends[0] == ends[1]
    assert numbers(second) == numbers(first)[1:]


async def test_a_viewer_in_another_process_gets_all_frames_through_redis(
    here: Place, slow: DemoServer, connect: Connect
) -> None:
    """Another hub has no part in this one: what reaches it came through the stream."""
    client = await connect(here)
    await client.send(type="ask", text=LONG)
    conversation = (await client.until("accepted"))["conversation"]
    hub, got = Hub(), []

    async def keep(text: str) -> None:
        got.append(text)

    viewer = Viewer(hub, keep)
    take = partial(in_tenant, here.tenant, snapshots.take, UUID(conversation), here.people["owner"])
    viewer.follow(stream_key(here.tenant, UUID(conversation)), 0, take)
    running = asyncio.create_task(viewer.run())
    answered = await client.until("answered", timeout=30)
    async with asyncio.timeout(5):
        while viewer.position < answered["frame"]:
            viewer.ack(viewer.position)
            await asyncio.sleep(0.02)
    assert len(got) == answered["frame"]
    running.cancel()
    viewer.leave()
    await hub.close()


async def test_resuming_a_finished_conversation_says_that_nothing_was_missed(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    again = await connect(here)
    await again.send(type="resume", conversation=answered["conversation"], frame=answered["frame"])
    assert (await again.until("resumed", "snapshot"))["type"] == "resumed"
    await again.send(type="ping")
    assert (await again.next())["type"] == "pong"


async def test_what_the_stream_has_lost_comes_from_the_database(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    key = stream_key(here.tenant, UUID(answered["conversation"]))
    await async_redis().xtrim(key, maxlen=1, approximate=False)
    again = await connect(here)
    await again.send(type="resume", conversation=answered["conversation"], frame=1)
    snapshot = await again.until("snapshot", "resumed")
    assert (snapshot["type"], snapshot["frame"], snapshot["turn"]) == ("snapshot", answered["frame"], None)
    assert [message["text"] for message in snapshot["messages"]] == ["Hi", answered["text"]]


async def test_a_stream_that_is_gone_in_the_middle_loses_and_doubles_no_word(
    here: Place, slow: DemoServer, connect: Connect
) -> None:
    """What the database has goes up to the snapshot's frame, the frames after it add exactly the rest."""
    client = await connect(here)
    await client.send(type="ask", text=LONG)
    conversation = (await client.until("accepted"))["conversation"]
    await client.until("delta")
    await asyncio.sleep(1.3)
    await async_redis().xtrim(stream_key(here.tenant, UUID(conversation)), maxlen=5, approximate=False)
    late = await connect(here)
    await late.send(type="resume", conversation=conversation, frame=0)
    answered = await late.until("answered", timeout=30)
    places = [place for place, frame in enumerate(late.frames) if frame["type"] == "snapshot"]
    messages, after = late.frames[places[-1]]["messages"], late.frames[places[-1] :]
    written = [message["text"] for message in messages if message["state"] == "writing"]
    deltas = [frame["text"] for frame in after if frame["type"] == "delta"]
    assert "".join([*written, *deltas]) == answered["text"]


async def test_numbers_go_on_when_the_stream_has_expired(here: Place, connect: Connect) -> None:
    client = await connect(here)
    first = await client.ask("Hi")
    await async_redis().delete(stream_key(here.tenant, UUID(first["conversation"])))
    await client.ask("Hi", conversation=first["conversation"])
    assert numbers(client) == list(range(1, len(numbers(client)) + 1))


async def test_a_turn_whose_process_died_is_ended_when_somebody_comes_back(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    conversation = answered["conversation"]

    def die() -> None:
        Turn.objects.filter(public_id=answered["turn"]).update(state="running", owner="nobody", finished_at=None)
        Message.objects.filter(public_id=answered["message"]).update(state="writing")

    await rows(here, die)
    again = await connect(here)
    await again.send(type="resume", conversation=conversation, frame=2)
    snapshot = await again.until("snapshot")
    assert (snapshot["turn"], snapshot["messages"][-1]["state"]) == (None, "stopped")
    turn = await rows(here, lambda: Turn.objects.get(public_id=answered["turn"]))
    assert (turn.state, turn.error_code) == ("failed", "interrupted")
    assert (await again.ask("Hi", conversation=conversation))["type"] == "answered"


async def test_a_job_ends_turns_to_which_nobody_comes_back(here: Place, connect: Connect) -> None:
    from agents.chat.tasks import end_abandoned_turns

    client = await connect(here)
    answered = await client.ask("Hi")
    dead = {"state": "running", "owner": "nobody", "finished_at": None}
    await rows(here, lambda: Turn.objects.filter(public_id=answered["turn"]).update(**dead))
    assert await asyncio.to_thread(end_abandoned_turns, str(here.tenant.id)) == 1
    assert await asyncio.to_thread(end_abandoned_turns, str(here.tenant.id)) == 0


async def test_a_turn_whose_process_lives_is_left_alone(here: Place, slow: DemoServer, connect: Connect) -> None:
    client = await connect(here)
    await client.send(type="ask", text=LONG)
    started = await client.until("started")
    buried = await in_tenant(here.tenant, journal.bury, UUID(started["conversation"]))
    assert not buried
    await client.send(type="stop")
    await client.until("stopped")


async def test_the_last_number_is_kept_in_the_database(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    kept = await rows(here, lambda: Conversation.objects.get(public_id=answered["conversation"]).last_frame)
    assert kept == answered["frame"]


def test_frame_numbers_of_clients_are_bounded() -> None:
    with pytest.raises(frames.BadFrame):
        frames.read_frame('{"type": "ack", "frame": 9007199254740993}')
