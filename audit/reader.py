"""Reads a stored chain for the verifier, in bounded memory.

Rows come in binary, a few thousand at a time, by number and id. Each portion is a statement of its own: the chain may
grow meanwhile, nothing is locked, no snapshot is held back from VACUUM, and progress can be saved in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain as join
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from audit.platform.models import Head, Mark
from audit.rows import Memory, Point, Row
from audit.scope import Scope, enter_platform

PORTION = 5000
MAX_ROWS = 100_000
MAX_BEYOND = 1000
EVERYTHING = 2**63 - 1

_COLUMNS = """
SELECT e.id, e.seq, e.prev, e.hash, e.canonical, e.at, e.actor, e.action, e.target,
       p.entry_hash, p.salt, p.canonical, p.erased_at IS NOT NULL
FROM {entry} e LEFT JOIN {payload} p ON p.seq = e.seq
"""
# Both tables are bounded, from below and above: whatever the statistics say, no plan reads more than the portion.
_PORTION = (
    _COLUMNS
    + """AND p.seq BETWEEN %(first)s AND %(last)s
WHERE e.seq BETWEEN %(first)s AND %(last)s ORDER BY e.seq, e.id LIMIT %(most)s"""
)
_BEHIND = "SELECT min(seq) FROM {entry} WHERE seq > %(last)s"
# One statement, one snapshot: an entry appended this moment is there together with its head.
_HEAD_NOW = "(SELECT h.seq FROM public.audit_platform_head h WHERE h.tenant = %(tenant)s)"
_BEYOND = _COLUMNS + f"WHERE e.seq > greatest(%(last)s, {_HEAD_NOW}) ORDER BY e.seq, e.id LIMIT %(most)s"


class ChainReader:
    """One chain's rows and what is known of it. Opens the contexts it needs itself."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._entry = "public.audit_platform_entry" if scope.is_platform else "audit_entry"
        self._payload = "public.audit_platform_payload" if scope.is_platform else "audit_payload"

    def memory(self) -> Memory:
        """Return head and marks, as they are now."""
        with enter_platform():
            head = Head.objects.filter(tenant=self.scope.tenant).values_list("seq", "hash").first()
            marks = Mark.objects.filter(tenant=self.scope.tenant).order_by("seq").values_list("seq", "hash")
            points = [Point(seq, bytes(value)) for seq, value in marks]
        known = Point(head[0], bytes(head[1])) if head else None
        return Memory(self.scope.tenant, known, points, self._last_id())

    def rows(self, memory: Memory, since: int = 0) -> Iterator[Any]:
        """Yield rows as plain tuples, from number `since` up to the head, then those that stand behind it."""
        end = memory.head.seq if memory.head else EVERYTHING
        beyond = self._beyond(end, memory.tenant) if memory.head else iter(())
        return join(self._portions(since, end), beyond)

    def find(self, seq: int) -> list[Row]:
        """Return the rows that stand under a number."""
        return [Row._make(row) for row in self._fetch(_PORTION, first=seq, last=seq, most=10)]

    def _portions(self, since: int, end: int) -> Iterator[Any]:
        # On a full run also what stands before the first number, where nothing may stand.
        first, last = since or -EVERYTHING, min(since + PORTION, end)
        while True:
            rows = self._fetch(_PORTION, first=first, last=last, most=MAX_ROWS)
            yield from rows
            if last >= end:
                return
            first = last + 1
            if not rows:
                first = self._next_behind(last)
                if first > end:
                    return
            last = min(first + PORTION, end)

    def _next_behind(self, last: int) -> int:
        ((seq,),) = self._fetch(_BEHIND, last=last)
        return EVERYTHING if seq is None else int(seq)

    def _beyond(self, end: int, tenant: UUID) -> Iterator[Any]:
        yield from self._fetch(_BEYOND, last=end, tenant=tenant, most=MAX_BEYOND)

    def _fetch(self, statement: str, **parameters: Any) -> list[Any]:
        statement = statement.format(entry=self._entry, payload=self._payload)
        with self.scope.enter(), connection.cursor() as cursor:
            # A bare cursor on the same connection: Django's, which has just gone to the right schema, knows no binary.
            with psycopg.Cursor(cursor.connection) as bare:
                rows: list[Any] = bare.execute(statement, parameters, binary=True).fetchall()
            return rows

    def _last_id(self) -> int | None:
        with self.scope.enter(), connection.cursor() as cursor:
            cursor.execute(f"SELECT last_value, is_called FROM {self._entry}_id_seq")  # noqa: S608
            last, is_called = cursor.fetchone()
        return last if is_called else None
