"""Checks a chain, entry by entry, and says what is wrong where. Pure Python: needs no Django and no database.

It is given the stored rows in the order of their numbers, and three memories of the chain from outside it: the head
(how far it goes), the marks (what former checks found), and beside each payload the hash its entry had. Each row is
hashed as stored and compared with the row before; a row that does not fit is looked at closely (`audit.diagnosis`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from audit.diagnosis import Walk
from audit.rows import START, Find, Memory, Peekable, Point, Report, Row, fits

PROGRESS_EVERY = 10_000

Progress = Callable[[int], None]


def verify(
    rows: Iterable[Row | tuple],
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
    tenant = str(memory.tenant)
    checked = 0
    for row in ahead:
        checked += 1
        if row.seq == walk.expected and row.prev == walk.last and row.seq <= walk.limit and fits(row, tenant):
            walk.pass_over(row)
        else:
            walk.look(row)
        if row.seq >= walk.next_mark:
            walk.compare_mark(row)
        if progress is not None and checked % PROGRESS_EVERY == 0:
            progress(checked)
    return walk.report(checked)
