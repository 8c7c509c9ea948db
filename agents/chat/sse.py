"""A turn's frames as server-sent events, for clients without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial

from agents.chat import snapshots
from agents.chat.asking import Begun, Question
from agents.chat.stream import hub, stream_key
from agents.chat.viewer import Viewer
from tenants.context import in_tenant

LAST = ("answered", "stopped", "error")
QUEUE_FRAMES = 64
KEEP_ALIVE_S = 15.0


async def frames(question: Question, begun: Begun) -> AsyncIterator[bytes]:
    """Yield the turn's frames, each as an event named by its type, until its last one.

    A client that goes away does not end the turn.
    """
    waiting: asyncio.Queue[str] = asyncio.Queue(QUEUE_FRAMES)
    viewer = Viewer(hub(), waiting.put)
    take = partial(in_tenant, question.tenant, snapshots.take, begun.conversation_id, question.user)
    viewer.follow(stream_key(question.tenant, begun.conversation_id), begun.frame, take)
    if not begun.is_new:
        viewer.show_snapshot()
    sending = asyncio.get_running_loop().create_task(viewer.run())
    try:
        while True:
            text = await _next(waiting)
            if text is None:
                yield b": still at work\n\n"
                continue
            frame = json.loads(text)
            viewer.ack(frame.get("frame", 0))
            yield f"event: {frame['type']}\ndata: {text}\n\n".encode()
            if _is_last(frame, begun):
                return
    finally:
        viewer.leave()
        sending.cancel()


async def _next(waiting: asyncio.Queue[str]) -> str | None:
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            return await waiting.get()
    except TimeoutError:
        return None


def _is_last(frame: dict[str, object], begun: Begun) -> bool:
    if frame["type"] == "snapshot":
        return frame["turn"] is None
    return frame["type"] in LAST and frame.get("turn") == str(begun.turn_id)
