"""`/ws/chat/` and `/ws/chat/<agent-slug>/`: frames in, frames out. `docs/websocket.md` is its contract."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import redis.exceptions
import structlog
from channels.generic.websocket import AsyncWebsocketConsumer

from agents.chat import conversations, frames, snapshots
from agents.chat.asking import Question
from agents.chat.frames import Ack, Ask, BadFrame, ClientFrame, Resume, Stop
from agents.chat.journal import card
from agents.chat.models import MAX_QUESTION_LENGTH, Conversation
from agents.chat.stream import hub, stream_key
from agents.chat.viewer import TooSlow, Viewer
from agents.runtime.registry import registry
from tenants.context import in_tenant
from tenants.exceptions import Forbidden, Refusal, ServiceUnavailable
from tenants.sockets import CLOSE_FORBIDDEN, Visitor, check_may, standing_group
from tenants.standing import renew

log = structlog.get_logger(__name__)

CLOSE_TOO_SLOW = 4408
CLOSE_BROKEN = 1011
COMMANDS_WAITING = 16


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket. It follows at most one conversation at a time; asking elsewhere or `resume` changes which.

    Two tasks belong to it: one sends (`Viewer.run`), one works through `ask` and `resume` in the order they came.
    `receive` only sorts frames, so that `stop` and `ack` are heard while anything else is going on. Turns belong to
    the process: they go on when the socket is lost.
    """

    visitor: Visitor
    viewer: Viewer

    async def connect(self) -> None:
        self.visitor = self.scope["visitor"]
        self.agent_slug: str | None = self.scope["url_route"]["kwargs"].get("agent")
        self.conversation_id: UUID | None = None
        self.viewer = Viewer(hub(), self._send_text)
        self._commands: asyncio.Queue[Ask | Resume] = asyncio.Queue(COMMANDS_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        await self.accept()
        try:
            greeting = await in_tenant(self.visitor.tenant, self._greet)
        except Refusal as refusal:
            await self._refuse(refusal)
            return
        await self.channel_layer.group_add(standing_group(), self.channel_name)
        self._tasks = [self._spawn(self._send_all()), self._spawn(self._work())]
        self.viewer.say(greeting)

    def _greet(self) -> dict[str, Any]:
        check_may(self.visitor, "chat.view_conversation")
        agent = conversations.find_agent(self.agent_slug) if self.agent_slug else conversations.find_front_desk()
        return {
            "type": "hello",
            "protocol": frames.PROTOCOL,
            "organization": self.visitor.tenant.slug,
            "you": {"actor": self.visitor.user.actor, "name": self.visitor.user.display_name},
            "agent": frames.agent_json(card(agent)),
            "limits": {"characters": MAX_QUESTION_LENGTH, "frame_bytes": frames.MAX_FRAME_BYTES},
        }

    async def disconnect(self, code: int) -> None:
        self.viewer.leave()
        for task in self._tasks:
            task.cancel()
        with suppress(redis.exceptions.RedisError):
            await self.channel_layer.group_discard(standing_group(), self.channel_name)

    # In --------------------------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Sort a frame to where it belongs; nothing here waits for a model or the database."""
        try:
            if text_data is None:
                raise BadFrame("Frames are text, this one is binary.")
            self._sort(frames.read_frame(text_data))
        except Refusal as refusal:
            self.viewer.say(frames.error_frame(refusal))

    def _sort(self, frame: ClientFrame) -> None:
        if isinstance(frame, Ack):
            self.viewer.ack(frame.frame)
        elif isinstance(frame, Stop):
            self._tasks.append(self._spawn(self._stop(frame)))
        elif isinstance(frame, Ask | Resume):
            if self._commands.full():
                raise BadFrame(f"{COMMANDS_WAITING} frames of this socket are waiting already.")
            self._commands.put_nowait(frame)
        else:
            self.viewer.say({"type": "pong"})

    async def _work(self) -> None:
        while True:
            frame = await self._commands.get()
            more = {"client_id": frame.client_id} if isinstance(frame, Ask) and frame.client_id else {}
            await self._reported(self._ask(frame) if isinstance(frame, Ask) else self._resume(frame), more)

    async def _reported(self, work: Coroutine[Any, Any, None], more: dict[str, Any] | None = None) -> None:
        """Await the work; what it refuses becomes an error frame, and so does what breaks."""
        try:
            await work
        except Refusal as refusal:
            self.viewer.say(frames.error_frame(refusal, **(more or {})))
        except (redis.exceptions.RedisError, OSError):
            log.warning("a frame could not be served", exc_info=True)
            self.viewer.say(frames.error_frame(ServiceUnavailable("Try again shortly."), **(more or {})))
        except Exception:
            log.exception("a frame failed")
            content = {"type": "error", "code": "internal", "detail": "Something went wrong on our side."}
            self.viewer.say({**content, **(more or {})})

    async def _ask(self, frame: Ask) -> None:
        launched = await registry().start(
            Question(
                tenant=self.visitor.tenant,
                user=self.visitor.user,
                text=frame.text,
                conversation_id=frame.conversation,
                agent_slug=self.agent_slug,
                client_id=frame.client_id,
                requested_model=frame.model,
                source=Conversation.Source.CHAT,
            )
        )
        begun = launched.begun
        self.viewer.say(
            {
                "type": "accepted",
                "client_id": frame.client_id,
                "turn": begun.turn_id,
                "query": begun.query_id,
                "conversation": begun.conversation_id,
                "repeated": not begun.is_new,
            }
        )
        if begun.conversation_id != self.conversation_id:
            self._follow(begun.conversation_id, begun.frame)
            if not begun.is_new:
                self.viewer.show_snapshot()

    async def _resume(self, frame: Resume) -> None:
        """Go on after `frame.frame` if the stream still reaches back to it, else with a snapshot."""
        tenant, user = self.visitor.tenant, self.visitor.user
        standing = await in_tenant(tenant, snapshots.look, frame.conversation, user)
        first, last = await hub().bounds(stream_key(tenant, frame.conversation))
        nothing_missed = frame.frame == standing.frame and not standing.is_running
        in_stream = first > 0 and first - 1 <= frame.frame <= last and (standing.is_running or standing.frame <= last)
        self._follow(frame.conversation, frame.frame)
        if frame.frame > 0 and (nothing_missed or in_stream):
            self.viewer.say({"type": "resumed", "conversation": frame.conversation, "after": frame.frame})
        else:
            self.viewer.show_snapshot()

    def _follow(self, conversation_id: UUID, position: int) -> None:
        self.conversation_id = conversation_id
        key = stream_key(self.visitor.tenant, conversation_id)
        self.viewer.follow(
            key,
            position,
            partial(in_tenant, self.visitor.tenant, snapshots.take, conversation_id, self.visitor.user),
        )

    async def _stop(self, frame: Stop) -> None:
        await self._reported(
            registry().stop(
                self.visitor.tenant,
                self.visitor.user,
                turn_id=frame.turn,
                conversation_id=self.conversation_id,
            )
        )

    # Out -------------------------------------------------------------------------------------------------------------

    async def _send_text(self, text: str) -> None:
        await self.send(text_data=text)

    async def _send_all(self) -> None:
        try:
            await self.viewer.run()
        except TooSlow:
            await self.close(CLOSE_TOO_SLOW)
        except Exception:
            log.exception("a socket could not be served")
            await self.close(CLOSE_BROKEN)

    async def _refuse(self, refusal: Refusal) -> None:
        await self.send(text_data=frames.encode(frames.error_frame(refusal)))
        await self.close(CLOSE_FORBIDDEN)

    async def standing_check(self, message: dict[str, Any]) -> None:
        """Somebody's membership or key has ended; perhaps this visitor's."""
        if message.get("tenant") != str(self.visitor.tenant.id):
            return
        try:
            user = await in_tenant(self.visitor.tenant, renew, self.visitor.user, self.visitor.tenant)
            self.visitor = Visitor(self.visitor.tenant, user)
            await in_tenant(self.visitor.tenant, check_may, self.visitor, "chat.view_conversation")
        except Refusal as refusal:
            await self._refuse(refusal if isinstance(refusal, Forbidden) else Forbidden(refusal.detail))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._tasks = [task for task in self._tasks if not task.done()]
        return asyncio.get_running_loop().create_task(work)
