"""How frames reach viewers: at once to the sockets of this process, and through a Redis stream to all others.

A turn's frames are numbered within their conversation, without gaps. The turn's own process hands each to the viewers
it has and writes it to the conversation's stream, capped and kept for an hour. A viewer is a socket that follows a
conversation: it takes frame after frame, and whatever it misses (it came back, it was paused, it is in another
process) it reads from the stream by number. What the stream no longer has comes from the database as a snapshot.
Channel groups carry none of this: they may drop messages.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.exceptions
import structlog

from agents.chat.frames import TurnIds, frame_of
from agents.chat.processes import inbox_key, process_id, send_letter
from agents.runtime.events import TurnEvent
from tenants.context import Tenant, tenant_context
from tenants.redis import async_redis, tenant_key

log = structlog.get_logger(__name__)

STREAM_FRAMES = 4_096
STREAM_SECONDS = 3_600
READ_BLOCK_MS = 4_000
RETRY_S = 0.5
FIELD = b"f"

Letter = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Frame:
    """One numbered frame, encoded."""

    number: int
    text: str

    @property
    def size(self) -> int:
        return len(self.text.encode())


def stream_key(tenant: Tenant, conversation_id: UUID) -> str:
    with tenant_context(tenant):
        return tenant_key("chat", conversation_id, "frames")


class Follower:
    """What the hub needs of a viewer. `offer` never waits and never fails."""

    def offer(self, frame: Frame) -> None:
        raise NotImplementedError


@dataclass
class Channel:
    """A conversation that someone in this process watches or writes."""

    key: str
    followers: set[Follower] = field(default_factory=set)
    publisher: Publisher | None = None
    # The last number that was handed to the followers, here or by the reader.
    last: int = 0


class Hub:
    """Meeting point of one event loop: who watches which conversation, and who writes it."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._reader: asyncio.Task[None] | None = None
        self._inbox_at = "0-0"
        self.on_letter: Callable[[Letter], None] = lambda letter: None

    def follow(self, key: str, follower: Follower, position: int) -> None:
        """Hand new frames of the conversation to the follower from now on; what it missed it reads itself."""
        channel = self._channels.setdefault(key, Channel(key, last=position))
        channel.followers.add(follower)
        if channel.publisher is None:
            self._ring()

    def unfollow(self, key: str, follower: Follower) -> None:
        channel = self._channels.get(key)
        if channel is not None:
            channel.followers.discard(follower)
            self._forget_if_idle(channel)

    def attach(self, key: str, publisher: Publisher) -> None:
        channel = self._channels.setdefault(key, Channel(key))
        channel.publisher = publisher
        channel.last = publisher.number

    def detach(self, key: str, publisher: Publisher) -> None:
        channel = self._channels.get(key)
        if channel is not None and channel.publisher is publisher:
            channel.publisher = None
            self._forget_if_idle(channel)
            if channel.followers:
                self._ring()

    def deliver(self, key: str, frame: Frame) -> None:
        """Hand a frame to everyone in this process who follows the conversation."""
        channel = self._channels.get(key)
        if channel is None or frame.number <= channel.last:
            return
        channel.last = frame.number
        for follower in tuple(channel.followers):
            follower.offer(frame)

    def last_number(self, key: str) -> int:
        channel = self._channels.get(key)
        return channel.last if channel is not None else 0

    async def read(self, key: str, *, after: int, count: int) -> list[Frame]:
        """Up to `count` frames past a number, from the stream; what waits to be written here is written first."""
        channel = self._channels.get(key)
        if channel is not None and channel.publisher is not None:
            await channel.publisher.flush()
        rows: Any = await async_redis().xrange(key, min=f"({after}-0", max="+", count=count)
        return [_frame(row) for row in rows]

    async def bounds(self, key: str) -> tuple[int, int]:
        """The first and last number the stream holds; (0, 0) when it holds nothing."""
        channel = self._channels.get(key)
        if channel is not None and channel.publisher is not None:
            await channel.publisher.flush()
        pipeline = async_redis().pipeline(transaction=False)
        pipeline.xrange(key, count=1)
        pipeline.xrevrange(key, count=1)
        first, last = await pipeline.execute()
        return (_number(first[0][0]), _number(last[0][0])) if first and last else (0, 0)

    # Frames of other processes ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the reader of letters and of other processes' frames."""
        if self._reader is None or self._reader.done():
            self._reader = asyncio.get_running_loop().create_task(self._read_for_ever())

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
            self._reader = None

    def _ring(self) -> None:
        """The reader waits for a fixed set of streams; a letter to ourselves makes it look again."""
        self.start()
        _in_background(send_letter(process_id()))

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._read_once()
            except (redis.exceptions.RedisError, OSError) as error:
                log.warning("frames cannot be read", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> None:
        inbox = inbox_key(process_id())
        streams: dict[str, str] = {
            channel.key: f"{channel.last}-0"
            for channel in self._channels.values()
            if channel.followers and channel.publisher is None
        }
        streams[inbox] = self._inbox_at
        reading: Any = async_redis().xread(streams, block=READ_BLOCK_MS, count=256)  # type: ignore[arg-type]
        answer = await reading
        for name, rows in answer or []:
            if name.decode() == inbox:
                self._open_letters(rows)
                continue
            for row in rows:
                self.deliver(name.decode(), _frame(row))

    def _open_letters(self, rows: list[tuple[bytes, Letter]]) -> None:
        for entry_id, letter in rows:
            self._inbox_at = entry_id.decode()
            self.on_letter(letter)

    def _forget_if_idle(self, channel: Channel) -> None:
        if not channel.followers and channel.publisher is None:
            self._channels.pop(channel.key, None)


def _frame(row: tuple[bytes, Letter]) -> Frame:
    return Frame(_number(row[0]), row[1][FIELD].decode())


def _number(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


class Publisher:
    """The sink of a running turn: numbers its events, hands them on, and writes them to the stream."""

    def __init__(
        self, hub: Hub, key: str, ids: TurnIds, number: int, listener: Callable[[TurnEvent], None] | None = None
    ) -> None:
        self.number = number
        self._listener = listener
        self._hub, self._key, self._ids = hub, key, ids
        self._unwritten: deque[Frame] = deque(maxlen=STREAM_FRAMES)
        self._lock = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        hub.attach(key, self)

    def emit(self, event: TurnEvent) -> int:
        """Give the event the next number and send it on its way."""
        self.number += 1
        frame = Frame(self.number, frame_of(event, self._ids, self.number))
        self._unwritten.append(frame)
        self._hub.deliver(self._key, frame)
        if self._listener is not None:
            self._listener(event)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return self.number

    async def flush(self) -> None:
        """Return once everything emitted so far is in the stream, or Redis has refused it."""
        async with self._lock:
            await self._write_batch()

    async def close(self) -> None:
        """Write the rest and leave the hub."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=RETRY_S * 4)
        await self.flush()
        self._hub.detach(self._key, self)

    async def _write(self) -> None:
        while self._unwritten:
            async with self._lock:
                written = await self._write_batch()
            if not written:
                await asyncio.sleep(RETRY_S)

    async def _write_batch(self) -> bool:
        batch = list(self._unwritten)
        if not batch:
            return True
        pipeline = async_redis().pipeline(transaction=False)
        for frame in batch:
            pipeline.xadd(
                self._key, {FIELD: frame.text}, id=f"{frame.number}-0", maxlen=STREAM_FRAMES, approximate=True
            )
        pipeline.expire(self._key, STREAM_SECONDS)
        try:
            # A batch that was written and not confirmed comes again; Redis refuses numbers it has.
            await pipeline.execute(raise_on_error=False)
        except (redis.exceptions.RedisError, OSError) as error:
            log.warning("frames are not kept for resuming", error=str(error), waiting=len(self._unwritten))
            return False
        for frame in batch:
            if self._unwritten and self._unwritten[0].number <= frame.number:
                self._unwritten.popleft()
        return True


_background: set[asyncio.Task[Any]] = set()


def _in_background(work: Awaitable[Any]) -> None:
    async def quietly() -> None:
        try:
            await work
        except (redis.exceptions.RedisError, OSError) as error:
            log.warning("a letter was not sent", error=str(error))

    task = asyncio.get_running_loop().create_task(quietly())
    _background.add(task)
    task.add_done_callback(_background.discard)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found
