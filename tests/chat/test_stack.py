"""The chat through a real server and real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets

from agents.chat.models import Turn
from billing.models import UsageRecord
from tenants.context import in_tenant
from tests.chat.conftest import LONG, Place, make_key, rows
from tests.demo_server import DemoServer
from tests.stack import WebServer

pytestmark = pytest.mark.stack
ENDS = ("answered", "stopped", "error")


@pytest.fixture
def web(places: list[Place], provider: DemoServer) -> Iterator[WebServer]:
    """Daphne on this process' database, with the quick demo provider."""
    with WebServer(DEMO_PROVIDER_URL=provider.url) as server:
        yield server


@pytest.fixture
def slow_web(places: list[Place], slow: DemoServer) -> Iterator[WebServer]:
    """Daphne with the demo provider that takes its time."""
    with WebServer(DEMO_PROVIDER_URL=slow.url) as server:
        yield server


async def socket_of(web: WebServer, place: Place, path: str = "/ws/chat/") -> Any:
    _, key = await in_tenant(place.tenant, make_key, place)
    socket = await websockets.connect(
        f"ws://127.0.0.1:{web.port}{path}", additional_headers={"Authorization": f"Bearer {key}"}, open_timeout=30
    )
    assert json.loads(await socket.recv())["type"] == "hello"
    return socket


async def frames(socket: Any) -> AsyncIterator[dict[str, Any]]:
    async for text in socket:
        frame = json.loads(text)
        yield frame
        if frame["type"] in ENDS:
            return


async def say(socket: Any, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


@pytest.mark.promise("CHT-1")
async def test_many_sockets_of_two_organizations_talk_at_once(places: list[Place], web: WebServer) -> None:
    async def talk(place: Place, number: int) -> tuple[Place, list[dict[str, Any]]]:
        socket = await socket_of(web, place)
        got: list[dict[str, Any]] = []
        for _ in range(2):
            conversation = {"conversation": got[-1]["conversation"]} if got else {}
            await say(socket, type="ask", text=f"Hello number {number}", **conversation)
            got += [frame async for frame in frames(socket)]
        await socket.close()
        return place, got

    talks = await asyncio.gather(*(talk(places[number % 2], number) for number in range(12)))
    for _, got in talks:
        numbers = [frame["frame"] for frame in got if "frame" in frame]
        assert numbers == list(range(1, len(numbers) + 1))
        assert [frame["type"] for frame in got].count("answered") == 2
    for place in places:
        mine = {frame["turn"] for where, got in talks if where is place for frame in got if "turn" in frame}
        known = await rows(place, lambda: {str(each) for each in Turn.objects.values_list("public_id", flat=True)})
        assert mine <= known


@pytest.mark.promise("BIL-2")
async def test_turns_under_way_are_settled_when_the_server_is_ended(places: list[Place], slow_web: WebServer) -> None:
    sockets = [await socket_of(slow_web, places[0]) for _ in range(4)]
    turns = []
    for socket in sockets:
        await say(socket, type="ask", text=LONG)
        async for frame in frames(socket):
            if frame["type"] == "delta":
                turns.append(frame["turn"])
                break
    await asyncio.to_thread(slow_web.stop, signal.SIGTERM)

    def left() -> tuple[set[str], int]:
        found = Turn.objects.filter(public_id__in=turns)
        queries = found.values_list("query_id", flat=True)
        return set(found.values_list("state", flat=True)), UsageRecord.objects.filter(
            query_id__in=list(queries), state="open"
        ).count()

    states, open_records = await rows(places[0], left)
    assert "stopped" in states <= {"stopped", "answered"}
    assert open_records == 0


@pytest.mark.promise("CHT-4")
async def test_a_reader_that_reads_nothing_does_not_grow_the_server(places: list[Place], web: WebServer) -> None:
    """The trap: Daphne's `send` never waits, and took 62 MB for a reader that read nothing."""
    _, key = await in_tenant(places[0].tenant, make_key, places[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    handshake = (
        f"GET /ws/chat/ HTTP/1.1\r\nHost: localhost:{web.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {key}\r\n\r\n"
    )
    writer.write(handshake.encode())
    assert b"101" in await reader.readline()
    assert web._process is not None
    before = memory_of(web._process.pid)
    body = json.dumps({"type": "ask", "text": "x"}).encode()
    for _ in range(3):
        # Each wrong frame is answered with an error of its own; nothing is read back.
        for _ in range(4_000):
            writer.write(client_frame(body[:-2]))
        await writer.drain()
        await asyncio.sleep(0.5)
    grown = memory_of(web._process.pid) - before
    writer.close()
    assert grown < 40 * 1024 * 1024


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def client_frame(payload: bytes) -> bytes:
    """A masked text frame (RFC 6455, section 5.2) with a mask of zeros."""
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


@pytest.mark.promise("UI-1")
async def test_events_reach_a_dashboard_of_the_same_organization_only(places: list[Place], web: WebServer) -> None:
    watcher = await socket_of(web, places[0], "/ws/events/")
    stranger = await socket_of(web, places[1], "/ws/events/")
    talker = await socket_of(web, places[0])
    await say(talker, type="ask", text="Hi")
    assert [frame async for frame in frames(talker)][-1]["type"] == "answered"
    seen = json.loads(await asyncio.wait_for(watcher.recv(), 10))
    assert seen["type"] == "event"
    await say(stranger, type="ping")
    assert json.loads(await asyncio.wait_for(stranger.recv(), 10)) == {"type": "pong"}
    for socket in (watcher, stranger, talker):
        await socket.close()
