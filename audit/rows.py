"""Stored rows of a chain as the verifier is given them, and what is known of the chain from outside. Pure Python."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from audit.entry import GENESIS, PREFIX
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


class Peekable(Iterator[Row]):
    """Rows with a look at those to come."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = iter(rows)
        self._ahead: deque[Row] = deque()

    def __next__(self) -> Row:
        if self._ahead:
            return self._ahead.popleft()
        row = next(self._rows)
        return row if type(row) is Row else Row._make(row)

    def peek(self) -> Row | None:
        if not self._ahead:
            row = next(self._rows, None)
            if row is None:
                return None
            self._ahead.append(row if type(row) is Row else Row._make(row))
        return self._ahead[0]


def canonical_of(row: Row, tenant: str, digest: str) -> bytes:
    """What the canonical bytes have to be, by the columns beside them."""
    at = row.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return (
        f'{{"action":"{row.action}","actor":"{row.actor}","at":"{at}Z","digest":"{digest}","prev":"{row.prev.hex()}",'
        f'"seq":{row.seq},"target":"{row.target}","tenant":"{tenant}","v":1}}'
    ).encode()


def fits(row: Row, tenant: str) -> bool:
    """Whether a row is sound in itself: bytes, hash, columns, payload, and the payload's copy of the hash."""
    if row.hash != row.witness or sha256(PREFIX + row.canonical).digest() != row.hash:
        return False
    if row.salt is None or row.payload is None:
        return False
    return row.canonical == canonical_of(row, tenant, sha256(row.salt + row.payload).hexdigest())
