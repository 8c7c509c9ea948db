"""Text on its way out: tokens gathered for an instant, sent as pieces, and kept now and then."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from agents.chat import journal
from agents.chat.asking import Begun
from agents.chat.conversations import clean_text
from agents.models import Agent
from agents.runtime.events import Sink, TextWritten
from routing.gateway import uncancelled
from tenants.context import in_tenant

log = structlog.get_logger(__name__)

# A reader cannot tell 15 ms from nothing, and a fast model sends ten tokens in that time: one frame instead of ten.
GATHER_S = 0.015
KEEP_EVERY_S = 1.0


class Writer:
    """One message being written. The first token goes out at once, the next ones in pieces of 15 ms.

    While it goes on, the text is kept in the database once a second with the number of the frame that ended it, so
    that a viewer who comes late, or a process that dies, finds it.
    """

    def __init__(self, begun: Begun, agent: Agent, message_id: UUID, sink: Sink) -> None:
        self.message_id = message_id
        self._begun, self._agent, self._sink = begun, agent, sink
        self._sent: list[str] = []
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.is_kept = False

    @property
    def text(self) -> str:
        return "".join([*self._sent, *self._waiting])

    def write(self, text: str) -> None:
        """Take the next tokens."""
        self._waiting.append(clean_text(text))
        if self._timer is None:
            self.flush()
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._on_timer)
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def _on_timer(self) -> None:
        self._timer = None
        if self._waiting:
            self.flush()
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._on_timer)

    def flush(self) -> None:
        """Send what has gathered."""
        if self._waiting:
            piece = "".join(self._waiting)
            self._waiting.clear()
            self._sent.append(piece)
            self._sink.emit(TextWritten(self.message_id, journal.card(self._agent), piece))

    async def close(self) -> None:
        """Send the rest; nothing is kept any more by this writer once this returns."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    async def _keep(self) -> None:
        kept = 0
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            if len(self._sent) == kept:
                continue
            kept, self.is_kept = len(self._sent), True
            text, frame = "".join(self._sent), self._sink.number
            try:
                # A thread that is writing cannot be called back, so a cancelled keeper waits for it: what `close`
                # leaves behind must not be overwritten by a late copy.
                await uncancelled(
                    in_tenant(
                        self._begun.question.tenant,
                        journal.keep_partial,
                        self._begun,
                        self.message_id,
                        self._agent,
                        text,
                        frame,
                    )
                )
            except Exception:
                # The answer goes on; only its safety copy is late.
                log.warning("partial answer not kept", turn=str(self._begun.turn_id), exc_info=True)
