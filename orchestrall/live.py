"""Live updates: every committed audit entry goes to the dashboards of its tenant that are open.

What travels is what the audit page shows every member of an entry: who did what to what, in words. Secrets were masked
when it was written, and of the payload only names and figures go along.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer

from agents.chat.frames import BadFrame, encode, error_frame
from audit.actions import describe, icon_of
from audit.feed import AppendedEntry
from tenants.context import in_tenant
from tenants.exceptions import Forbidden, Refusal
from tenants.groups import group_name, send_to_group
from tenants.parsers import parse_json
from tenants.scope import PLATFORM_ID
from tenants.sockets import CLOSE_FORBIDDEN, Visitor, check_may, standing_group
from tenants.standing import renew

log = structlog.get_logger(__name__)

GROUP = "events"
AT_ONCE = 50
WAITING_AT_MOST = 10_000
# Of a payload, dashboards get these as data.
SHOWN = ("agent", "model", "tier", "tool", "number", "priority", "state", "cost", "baseline_cost", "code")


def push_entries(tenant_id: UUID, entries: list[AppendedEntry]) -> None:
    """Feed subscriber: have the entries sent to the tenant's open dashboards.

    A thread of its own sends them: whoever has just committed, with a person waiting for the first word of an answer,
    does not wait for Redis.
    """
    if tenant_id == PLATFORM_ID:
        return
    for start in range(0, len(entries), AT_ONCE):
        with suppress(queue.Full):
            _waiting.put_nowait((tenant_id, entries[start : start + AT_ONCE]))
    _start_sender()


_waiting: queue.Queue[tuple[UUID, list[AppendedEntry]]] = queue.Queue(WAITING_AT_MOST)
_sender: list[tuple[int, threading.Thread]] = []
_sender_lock = threading.Lock()


def _start_sender() -> None:
    # Threads do not survive a fork, so the process that started ours is remembered with it.
    if _sender and _sender[0][0] == os.getpid():
        return
    with _sender_lock:
        if not _sender or _sender[0][0] != os.getpid():
            thread = threading.Thread(target=_send_for_ever, name="live-events", daemon=True)
            _sender[:] = [(os.getpid(), thread)]
            thread.start()


def _send_for_ever() -> None:
    while True:
        tenant_id, entries = _waiting.get()
        try:
            message = {"type": "entries.appended", "tenant": str(tenant_id), "entries": [summary(e) for e in entries]}
            send_to_group(group_name(GROUP, tenant_id=tenant_id), message)
        except Exception:
            log.warning("live events were not sent", exc_info=True)


def summary(entry: AppendedEntry) -> dict[str, Any]:
    """An entry as dashboards see it."""
    facts = {name: entry.payload[name] for name in SHOWN if _is_plain(entry.payload, name)}
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "topic": entry.action.split(".")[1],
        "target": entry.target,
        "words": describe(entry.action, entry.payload)[:300],
        "icon": icon_of(entry.action),
        "facts": facts,
    }


def _is_plain(payload: Mapping[str, Any], name: str) -> bool:
    value = payload.get(name)
    return isinstance(value, str | int | float) and len(str(value)) <= 200


class EventsConsumer(AsyncWebsocketConsumer):
    """`/ws/events/`: `hello`, then `event` frames. The client may send `ping`.

    Events are small and may be lost: dashboards reload their figures anyway. A client that reads nothing answers no
    pings either, so the server drops it.
    """

    visitor: Visitor

    async def connect(self) -> None:
        self.visitor = self.scope["visitor"]
        await self.accept()
        try:
            await in_tenant(self.visitor.tenant, check_may, self.visitor, "audit.view_entry")
        except Refusal as refusal:
            await self._refuse(refusal)
            return
        for group in (group_name(GROUP), standing_group()):
            await self.channel_layer.group_add(group, self.channel_name)
        await self._say({"type": "hello", "organization": self.visitor.tenant.slug})

    async def disconnect(self, code: int) -> None:
        for group in (group_name(GROUP), standing_group()):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            content = parse_json((text_data or "").encode("utf-8", "surrogatepass")[:4096])
        except ValueError:
            content = None
        if isinstance(content, dict) and content.get("type") == "ping":
            await self._say({"type": "pong"})
        else:
            await self._say(error_frame(BadFrame('The only frame understood here is {"type": "ping"}.')))

    async def entries_appended(self, message: dict[str, Any]) -> None:
        """A commit of this tenant."""
        if message.get("tenant") != str(self.visitor.tenant.id):
            return
        for entry in message["entries"]:
            await self._say({"type": "event", **entry})

    async def standing_check(self, message: dict[str, Any]) -> None:
        if message.get("tenant") != str(self.visitor.tenant.id):
            return
        try:
            user = await in_tenant(self.visitor.tenant, renew, self.visitor.user, self.visitor.tenant)
            self.visitor = Visitor(self.visitor.tenant, user)
            await in_tenant(self.visitor.tenant, check_may, self.visitor, "audit.view_entry")
        except Refusal as refusal:
            await self._refuse(refusal if isinstance(refusal, Forbidden) else Forbidden(refusal.detail))

    async def _say(self, content: dict[str, Any]) -> None:
        await self.send(text_data=encode(content))

    async def _refuse(self, refusal: Refusal) -> None:
        await self._say(error_frame(refusal))
        await self.close(CLOSE_FORBIDDEN)
