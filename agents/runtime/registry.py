"""The turns that this process runs: begun, found, stopped, waited for.

A turn belongs to the process that began it and not to a socket: whoever loses the connection finds it again, and two
tabs see the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from agents.chat import journal, processes
from agents.chat.asking import Begun, Question
from agents.chat.exceptions import ConversationBusy
from agents.chat.frames import TurnIds
from agents.chat.stream import Hub, Letter, Publisher, hub, stream_key
from agents.runtime.briefing import Briefing, begin
from agents.runtime.events import TurnEvent
from agents.runtime.limits import Limits
from agents.runtime.turn import Ending, TurnRun
from agents.tools import Asker
from tenants.context import Tenant, in_tenant

log = structlog.get_logger(__name__)

STOP = b"stop"


Listener = Callable[[TurnEvent], None]


@dataclass(frozen=True)
class Running:
    """A turn under way; `ending` completes with how it ended."""

    begun: Begun
    run: TurnRun
    ending: asyncio.Task[Ending]

    async def wait(self) -> Ending:
        """How the turn ended; cancelling the caller does not cancel the turn."""
        return await asyncio.shield(self.ending)


@dataclass(frozen=True)
class Launched:
    """A stored question. `running` is None for one that was asked before and does not run in this process."""

    begun: Begun
    running: Running | None


class TurnRegistry:
    """The running turns of one event loop."""

    def __init__(self, meeting_point: Hub) -> None:
        self._hub = meeting_point
        self._running: dict[UUID, Running] = {}
        self._starting: set[asyncio.Task[Launched]] = set()
        self._heart: asyncio.Task[None] | None = None
        meeting_point.on_letter = self._on_letter

    async def start(
        self, question: Question, *, limits: Limits | None = None, listener: Listener | None = None
    ) -> Launched:
        """Store the question and start its turn; returns once it is stored.

        What `asking.begin` raises comes through. A question that was begun before is found, not started again.
        `listener` hears the events of a new turn, in the event loop.
        """
        # A task of its own: were the caller cancelled between the commit and the start, nobody would run the turn.
        task = asyncio.get_running_loop().create_task(self._start(question, limits, listener))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return await asyncio.shield(task)

    async def _start(self, question: Question, limits: Limits | None, listener: Listener | None) -> Launched:
        await self._say_alive()
        begun, briefing = await self._begin(question)
        if not begun.is_new:
            return Launched(begun, self._running.get(begun.turn_id))
        ids = TurnIds(begun.turn_id, begun.query_id, begun.conversation_id)
        key = stream_key(question.tenant, begun.conversation_id)
        publisher = Publisher(self._hub, key, ids, begun.frame, listener)
        run = TurnRun(begun, publisher, limits, briefing)
        ending = asyncio.get_running_loop().create_task(self._run(run, publisher))
        running = self._running[begun.turn_id] = Running(begun, run, ending)
        return Launched(begun, running)

    async def _begin(self, question: Question) -> tuple[Begun, Briefing | None]:
        owner = processes.process_id()
        try:
            return await in_tenant(question.tenant, begin, question, owner=owner)
        except ConversationBusy:
            busy = question.conversation_id
            if busy is None or not await in_tenant(question.tenant, journal.bury, busy):
                raise
        return await in_tenant(question.tenant, begin, question, owner=owner)

    async def _run(self, run: TurnRun, publisher: Publisher) -> Ending:
        try:
            return await run.run()
        finally:
            self._running.pop(run.begun.turn_id, None)
            await publisher.close()

    async def stop(self, tenant: Tenant, user: Asker, *, turn_id: UUID | None, conversation_id: UUID | None) -> None:
        """Stop a running turn of this asker, in whichever process it runs. Raises TurnNotFound."""
        found, owner = await in_tenant(
            tenant, journal.request_stop, user, turn_id=turn_id, conversation_id=conversation_id
        )
        running = self._running.get(found)
        if running is not None:
            running.run.stop()
        elif owner != processes.process_id():
            await processes.send_letter(owner, stop=str(found))

    def _on_letter(self, letter: Letter) -> None:
        with suppress(ValueError):
            running = self._running.get(UUID(letter[STOP].decode())) if STOP in letter else None
            if running is not None:
                running.run.stop()

    async def _say_alive(self) -> None:
        if self._heart is None or self._heart.done():
            await processes.beat()
            self._hub.start()
            self._heart = asyncio.get_running_loop().create_task(self._beat_for_ever())

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(processes.BEAT_S)
            try:
                await processes.beat()
            except Exception:
                log.warning("this process could not say that it lives", exc_info=True)

    async def close(self) -> None:
        """Stop what runs and wait until it is settled; for the end of the process and of tests."""
        for running in list(self._running.values()):
            running.run.stop("shutting-down")
        endings = [running.ending for running in self._running.values()]
        if endings:
            await asyncio.wait(endings)
        if self._heart is not None:
            self._heart.cancel()
            self._heart = None
        await self._hub.close()


_registries: WeakKeyDictionary[asyncio.AbstractEventLoop, TurnRegistry] = WeakKeyDictionary()


def registry() -> TurnRegistry:
    """The registry of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _registries.get(loop)
    if found is None:
        found = _registries[loop] = TurnRegistry(hub())
    return found
