"""One socket as a viewer: frames in order, without gaps, and never more than the other end has room for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import redis.exceptions

from agents.chat.frames import encode
from agents.chat.stream import Follower, Frame, Hub

MAX_UNACKED_FRAMES = 256
MAX_UNACKED_BYTES = 1024 * 1024
PATIENCE_S = 30.0
READ_AT_ONCE = 64
GAP_PAUSE_S = 0.25
LOOKS_BEFORE_GAP = 5

# Builds the newest snapshot of the followed conversation: its frame number, and the frame.
TakeSnapshot = Callable[[], Awaitable[tuple[int, dict[str, Any]]]]


class Window:
    """What has been sent and not been acknowledged, in the order of sending.

    Frames arrive in that order, so an acknowledgement covers everything sent before the frame it names: also frames
    without a number (pong, errors), which count by their bytes alone, and those of a conversation left meanwhile.
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[int, int, int]] = deque()  # generation, number (0: none), bytes
        self._generation = 0
        self._frames = 0
        self.bytes = 0

    def add(self, number: int, size: int) -> None:
        self._sent.append((self._generation, number, size))
        self._frames += number > 0
        self.bytes += size

    def ack(self, number: int) -> None:
        """All frames of the present conversation up to `number` have arrived."""
        arrived = 0
        for place, (generation, sent, _) in enumerate(self._sent, start=1):
            if generation == self._generation and sent > number:
                break
            if sent == 0 or generation == self._generation:
                arrived = place
        for _ in range(arrived):
            _, sent, size = self._sent.popleft()
            self._frames -= sent > 0
            self.bytes -= size

    def begin_again(self) -> None:
        """From here on numbers are those of another conversation."""
        self._generation += 1

    @property
    def room(self) -> int:
        """How many more numbered frames may be sent."""
        return 0 if self.bytes >= MAX_UNACKED_BYTES else max(0, MAX_UNACKED_FRAMES - self._frames)


class TooSlow(Exception):
    """The other end has acknowledged nothing for 30 seconds while its window was full."""


class Viewer(Follower):
    """Sends a conversation's frames to one socket.

    While the window has room and nothing was missed, frames go straight through. Otherwise the viewer is behind: it
    drops what it is offered and reads on from the stream by number once there is room. `run` sends; it ends by
    raising TooSlow.
    """

    def __init__(self, hub: Hub, send: Callable[[str], Awaitable[None]]) -> None:
        self._hub, self._send = hub, send
        self._outbox: deque[tuple[str, bool]] = deque()  # a frame, and whether it has a number
        self._wake = asyncio.Event()
        self._window = Window()
        self._paused_at: float | None = None
        self._key: str | None = None
        self._take_snapshot: TakeSnapshot | None = None
        self._needs_snapshot = False
        self._behind = False
        self._empty_looks = 0
        self.position = 0

    # Called by the consumer ------------------------------------------------------------------------------------------

    def follow(self, key: str, position: int, take_snapshot: TakeSnapshot) -> None:
        """Follow a conversation from the frame after `position`, leaving the one before."""
        self.leave()
        self._key, self.position, self._take_snapshot = key, position, take_snapshot
        self._behind = True  # there may be frames in the stream already
        self._hub.follow(key, self, position)
        self._wake.set()

    def show_snapshot(self) -> None:
        """Send a snapshot next, and go on from its frame, whatever the viewer claimed to have."""
        self.position = 0
        self._needs_snapshot = self._behind = True
        self._wake.set()

    def leave(self) -> None:
        if self._key is not None:
            self._hub.unfollow(self._key, self)
            self._key = None
            self._window.begin_again()
            self._outbox = deque(item for item in self._outbox if not item[1])

    def say(self, content: dict[str, Any]) -> None:
        """Send a frame without a number."""
        text = encode(content)
        self._window.add(0, len(text.encode()))
        self._outbox.append((text, False))
        self._wake.set()

    def ack(self, number: int) -> None:
        self._window.ack(number)
        self._wake.set()

    # Called by the hub -----------------------------------------------------------------------------------------------

    def offer(self, frame: Frame) -> None:
        """Take the next frame, or note that it has to be read later."""
        if not self._behind and frame.number == self.position + 1 and self._window.room:
            self._push(frame)
        elif frame.number > self.position:
            self._behind = True
        self._wake.set()

    def _push(self, frame: Frame) -> None:
        self.position = frame.number
        self._window.add(frame.number, frame.size)
        self._outbox.append((frame.text, True))

    # The sending task ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until cancelled. Raises TooSlow."""
        while True:
            await self._wait()
            await self._send_waiting()
            if self._key is not None and self._behind and self._window.room:
                await self._catch_up(self._key)
                self._wake.set()

    async def _wait(self) -> None:
        self._note_pause()
        if self._paused_at is None:
            await self._wake.wait()
        else:
            left = self._paused_at + PATIENCE_S - asyncio.get_running_loop().time()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(left, 0)):
                    await self._wake.wait()
            self._note_pause()
            if self._paused_at is not None and asyncio.get_running_loop().time() >= self._paused_at + PATIENCE_S:
                raise TooSlow
        if self._window.bytes >= 2 * MAX_UNACKED_BYTES:
            raise TooSlow  # it keeps asking, and reads nothing
        self._wake.clear()

    def _note_pause(self) -> None:
        if self._window.room:
            self._paused_at = None
        elif self._paused_at is None:
            self._paused_at = asyncio.get_running_loop().time()

    async def _send_waiting(self) -> None:
        while self._outbox:
            await self._send(self._outbox.popleft()[0])

    async def _catch_up(self, key: str) -> None:
        """Read on from the stream; by a snapshot where it has a gap."""
        if self._needs_snapshot:
            await self._send_snapshot(key)
            return
        frames = await self._read_on(key)
        if key != self._key:
            return
        for frame in frames:
            if frame.number != self.position + 1:
                break
            self._push(frame)
            if not self._window.room:
                return
        if frames:
            self._empty_looks = 0
        else:
            self._empty_looks += 1
        missing = frames[-1].number if frames else self._hub.last_number(key)
        if missing > self.position:
            # A frame may have been offered while the answer to an empty look was under way: the next look finds it.
            # Several in vain, or a hole, mean that the stream was trimmed or lost before this viewer had read it.
            if frames or self._empty_looks >= LOOKS_BEFORE_GAP:
                self._needs_snapshot = True
                await asyncio.sleep(GAP_PAUSE_S)
        elif not frames:
            # Nothing is awaited between this look and the next offer, so no frame falls in between.
            self._behind = False

    async def _read_on(self, key: str) -> list[Frame]:
        try:
            return await self._hub.read(key, after=self.position, count=min(READ_AT_ONCE, self._window.room))
        except (redis.exceptions.RedisError, OSError):
            await asyncio.sleep(GAP_PAUSE_S)
            return []

    async def _send_snapshot(self, key: str) -> None:
        if self._take_snapshot is None:
            return
        number, content = await self._take_snapshot()
        if key != self._key:
            return
        if number < self.position:
            # The database is behind what this viewer has: going back would show it text twice.
            await asyncio.sleep(GAP_PAUSE_S)
            return
        self._needs_snapshot, self._empty_looks = False, 0
        text = encode(content)
        self.position = number
        self._window.add(number, len(text.encode()))
        self._outbox.append((text, True))
