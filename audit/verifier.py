"""Checks a chain, entry by entry, and says what is wrong where. Pure Python: needs no Django and no database.

It is given the stored rows in the order of their numbers, and three memories of the chain from outside it: the head
(how far it goes), the marks (what former checks found), and beside each payload the hash its entry had. Each row is
hashed as stored and compared with the row before; a row that does not fit is looked at closely (`audit.diagnosis`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from audit.diagnosis import Walk
from audit.entry import PREFIX
from audit.rows import START, Find, Memory, Peekable, Point, Report, Row

PROGRESS_EVERY = 10_000
UTC_OFFSET = timedelta(0)
UNKNOWN = object()

Progress = Callable[[int], None]


def verify(
    rows: Iterable[Row | tuple[Any, ...]],
    memory: Memory,
    *,
    start: Point = START,
    find: Find | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check `rows`, ordered by number and id, against each other and against `memory`.

    `start` is a proven position: the rows then begin with that very entry, and it has to be as it was. `find(seq)`
    gives the rows that stand under a number; without it, entries that were moved or copied are told less exactly.
    `progress(checked)` is called every 10,000 rows. Memory does not grow with the number of rows.
    """
    ahead = Peekable(rows)
    walk = Walk(memory, ahead, start, find)
    checked, tenant = 0, str(memory.tenant)
    expected, last, before, previous = walk.expected, walk.last, walk.before, None
    # The time zone of rows in UTC; their tzinfo is one object, and what is none of it takes the slow road.
    zone: Any = UNKNOWN
    for raw in ahead:
        checked += 1
        _, seq, prev, mine, canonical, at, actor, action, target, witness, salt, payload, _ = raw
        # All that is said of a sound row, put together from its columns: it has to be what was hashed, byte by byte.
        if (
            at.tzinfo is zone
            and seq == expected
            and prev == last
            and mine == witness
            and salt is not None
            and payload is not None
            and seq <= walk.limit
            and sha256(PREFIX + canonical).digest() == mine
            and canonical
            == (
                f'{{"action":"{action}","actor":"{actor}",'
                f'"at":"{at.replace(tzinfo=None).isoformat("T", "microseconds")}Z",'
                f'"digest":"{sha256(salt + payload).hexdigest()}","prev":"{prev.hex()}","seq":{seq},'
                f'"target":"{target}","tenant":"{tenant}","v":1}}'
            ).encode()
        ):
            expected, last, before, previous = seq + 1, mine, prev, raw
            if seq >= walk.next_mark:
                walk.stand(expected, last, before, previous)
                walk.compare_mark(raw)
        else:
            walk.stand(expected, last, before, previous)
            walk.look(raw)
            walk.compare_mark(raw)
            expected, last, before, previous = walk.expected, walk.last, walk.before, walk.previous
            if at.utcoffset() == UTC_OFFSET:
                zone = at.tzinfo
        if progress is not None and checked % PROGRESS_EVERY == 0:
            progress(checked)
    walk.stand(expected, last, before, previous)
    return walk.report(checked)
