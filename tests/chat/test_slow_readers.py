"""A reader that does not keep up: paused, bounded, closed in the end; nobody else waits for it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from agents.chat import viewer as viewers
from agents.chat.frames import TurnIds
from agents.chat.stream import Hub, Publisher
from agents.chat.viewer import MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES, TooSlow, Viewer, Window
from agents.runtime.events import AgentCard, TextWritten
from tests.chat.conftest import LONG, Connect, Place
from tests.demo_server import DemoServer

pytestmark = pytest.mark.promise("CHT-4")
AGENT = AgentCard(uuid4(), "front-desk", "Front desk", "headset")


class Desk:
    """A publisher and one viewer, with Redis between them and no model."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.key = f"test:{uuid4()}:frames"
        self.publisher = Publisher(self.hub, self.key, TurnIds(uuid4(), uuid4(), uuid4()), 0)
        self.sent: list[str] = []
        self.viewer = Viewer(self.hub, self._send)
        self.viewer.follow(self.key, 0, self._no_snapshot)
        self.running = asyncio.create_task(self.viewer.run())

    async def _send(self, text: str) -> None:
        self.sent.append(text)

    async def _no_snapshot(self) -> tuple[int, dict[str, Any]]:
        raise AssertionError("no snapshot is needed here")

    def write(self, count: int, size: int = 10) -> None:
        message = uuid4()
        for _ in range(count):
            self.publisher.emit(TextWritten(message, AGENT, "x" * size))

    async def reaches(self, position: int) -> None:
        async with asyncio.timeout(10):
            while self.viewer.position < position or len(self.sent) < position:
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        self.running.cancel()
        self.viewer.leave()
        await self.publisher.close()
        await self.hub.close()


async def test_a_reader_that_acknowledges_nothing_gets_256_frames() -> None:
    desk = Desk()
    desk.write(2_000)
    await desk.reaches(MAX_UNACKED_FRAMES)
    await asyncio.sleep(0.05)
    assert len(desk.sent) == desk.viewer.position == MAX_UNACKED_FRAMES
    await desk.close()


async def test_a_reader_that_acknowledges_nothing_gets_one_mebibyte() -> None:
    desk = Desk()
    desk.write(100, size=50_000)
    await asyncio.sleep(0.3)
    assert sum(map(len, desk.sent)) < MAX_UNACKED_BYTES + 60_000
    assert len(desk.sent) < 30
    await desk.close()


async def test_a_paused_reader_holds_no_frames_in_memory() -> None:
    desk = Desk()
    desk.write(3_000)
    await desk.reaches(MAX_UNACKED_FRAMES)
    await desk.publisher.flush()
    assert len(desk.viewer._outbox) == 0
    assert len(desk.publisher._unwritten) == 0
    await desk.close()


async def test_after_acknowledging_it_gets_all_the_rest_in_order() -> None:
    desk = Desk()
    desk.write(1_500)
    while desk.viewer.position < 1_500:
        await desk.reaches(min(1_500, desk.viewer.position))
        desk.viewer.ack(desk.viewer.position)
        await asyncio.sleep(0.005)
    await desk.reaches(1_500)
    assert [int(text.split('"frame":')[1].split(",")[0]) for text in desk.sent] == list(range(1, 1_501))
    await desk.close()


async def test_a_paused_reader_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "PATIENCE_S", 0.2)
    desk = Desk()
    desk.write(MAX_UNACKED_FRAMES + 1)
    with pytest.raises(TooSlow):
        async with asyncio.timeout(5):
            await desk.running
    await desk.close()


async def test_a_reader_that_acknowledges_in_time_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "PATIENCE_S", 0.2)
    desk = Desk()
    desk.write(MAX_UNACKED_FRAMES)
    await desk.reaches(MAX_UNACKED_FRAMES)
    desk.viewer.ack(1)
    await asyncio.sleep(0.4)
    assert not desk.running.done()
    await desk.close()


async def test_a_reader_that_only_asks_and_never_reads_is_closed() -> None:
    desk = Desk()
    for _ in range(3_000):
        desk.viewer.say({"type": "error", "detail": "x" * 800})
    with pytest.raises(TooSlow):
        async with asyncio.timeout(5):
            await desk.running
    await desk.close()


def test_an_acknowledgement_covers_what_was_sent_before() -> None:
    window = Window()
    for number, size in ((1, 10), (0, 5), (2, 10), (3, 10)):
        window.add(number, size)
    window.ack(2)
    assert (window.bytes, window.room) == (10, MAX_UNACKED_FRAMES - 1)


def test_an_acknowledgement_covers_the_conversation_that_was_left() -> None:
    window = Window()
    window.add(7, 100)
    window.begin_again()
    window.add(1, 10)
    window.ack(0)
    assert window.bytes == 110
    window.ack(1)
    assert (window.bytes, window.room) == (0, MAX_UNACKED_FRAMES)


async def test_one_slow_reader_does_not_hold_up_another(here: Place, slow: DemoServer, connect: Connect) -> None:
    quick = await connect(here)
    lazy = await connect(here, acks=False)
    await quick.send(type="ask", text=LONG)
    started = await quick.until("started")
    await lazy.send(type="resume", conversation=started["conversation"], frame=1)
    answered = await quick.until("answered", timeout=30)
    assert answered["type"] == "answered"


async def test_receiving_never_waits_for_the_answer(here: Place, slow: DemoServer, connect: Connect) -> None:
    """The trap: a consumer handles one event at a time, and while `receive` streamed, `stop` waited."""
    client = await connect(here)
    await client.send(type="ask", text=LONG)
    await client.until("delta")
    for _ in range(5):
        await client.send(type="ping")
    types = [(await client.next())["type"] for _ in range(12)]
    assert types.count("pong") == 5
    await client.send(type="stop")
    await client.until("stopped")
