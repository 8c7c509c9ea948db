"""Stored rows of a chain as the verifier is given them, and what is known of the chain from outside. Pure Python."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from audit.entry import GENESIS
from audit.faults import Fault


class Row(NamedTuple):
    """One stored entry with what stands beside it. `witness` is the payload row's copy of the hash, None if the row
    is gone; `salt` and `payload` are None once erased.
    """

    id: int
    seq: int
    prev: bytes
    hash: bytes
    canonical: bytes
    at: datetime
    actor: str
    action: str
    target: str
    witness: bytes | None
    salt: bytes | None
    payload: bytes | None
    erased: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A position with the hash that stood, or has to stand, there."""

    seq: int
    hash: bytes


START = Point(0, GENESIS)
Find = Callable[[int], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a chain from outside it.

    `head` is None when there is none. `marks` are proven positions. `last_id` is the last value that the table's id
    sequence gave out, when known: it tells a cut tail from a table that was set back to an earlier state.
    """

    tenant: UUID
    head: Point | None
    marks: Sequence[Point] = ()
    last_id: int | None = None


@dataclass(slots=True)
class Report:
    """The outcome of a check."""

    tenant: UUID
    checked: int = 0
    total: int = 0
    erased: int = 0
    faults: list[Fault] = field(default_factory=list)
    proven: Point = START
    """The last position up to which everything fits. Its hash is known when the chain is whole."""

    @property
    def is_whole(self) -> bool:
        return not self.faults


class Peekable:
    """Rows as they come, plain tuples, with a look at the next one."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = iter(rows)
        self._ahead: deque[Any] = deque()

    def __iter__(self) -> Iterator[Any]:
        while True:
            while self._ahead:
                yield self._ahead.popleft()
            for row in self._rows:
                yield row
                if self._ahead:
                    break
            else:
                return

    def peek(self) -> Row | None:
        """Return the next row without taking it; None at the end."""
        if not self._ahead:
            row = next(self._rows, None)
            if row is None:
                return None
            self._ahead.append(row)
        return Row._make(self._ahead[0])

    def take(self) -> Row:
        """Take the row that `peek` has shown."""
        return Row._make(self._ahead.popleft())
