"""The close look at rows that do not fit: which of the ways to tamper with a chain explains them.

The aim is to name the first position that is wrong, and to name one act once: a deleted entry makes every later number
wrong if the numbers were moved up, and is still one deletion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any

from audit.entry import PREFIX, VERSION, Entry, NotCanonical, parse, read_json
from audit.faults import Fault
from audit.rows import Find, Memory, Peekable, Point, Report, Row

MAX_FAULTS = 100
MAX_STEPS = 1000
NEVER = 1 << 63


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row says of itself: whether its hash is that of its bytes, and what the bytes mean (None: unreadable)."""

    own: bool
    version: Any
    entry: Entry | None

    @classmethod
    def of(cls, row: Row) -> Facts:
        own = sha256(PREFIX + row.canonical).digest() == row.hash
        try:
            fields = read_json(row.canonical)
            version = fields.get("v") if isinstance(fields, dict) else None
        except NotCanonical:
            return cls(own, VERSION, None)
        try:
            return cls(own, version, parse(row.canonical))
        except NotCanonical:
            return cls(own, version, None)


class Walk:
    """Where a check stands, and what it has found."""

    def __init__(self, memory: Memory, rows: Peekable, start: Point, find: Find | None) -> None:
        self.memory = memory
        self.rows = rows
        self.find = find
        # A proven start is looked at again: its own link is not known, its hash is.
        self.expected = max(start.seq, 1)
        self.last: bytes | None = start.hash if start.seq == 0 else None
        self.before: bytes | None = None
        self.previous: Row | None = None
        self.faults: list[Fault] = []
        self.erased = 0
        self._shift = 0  # how far the rows' numbers are off those of their entries
        self._missing: list[tuple[int, int, int]] = []  # index of the fault, first and last missing number
        self._moved: dict[int, bytes] = {}  # entries known to stand in each other's places: number, hash
        self._strangers: list[int] = []  # rows whose payload remembers another hash
        self._beyond = 0
        self._rewritten = False
        self._marks = sorted(mark for mark in {(m.seq, m.hash) for m in memory.marks} if mark[0] >= start.seq)
        self._good = max(start.seq - 1, 0)
        highest = max((seq for seq, _ in self._marks), default=0)
        self._end = max(memory.head.seq, highest) if memory.head else NEVER
        self.limit = self._end
        self.next_mark = self._marks[0][0] if self._marks else NEVER

    # Moving on

    def stand(self, expected: int, last: bytes | None, before: bytes | None, previous: Any) -> None:
        """Take over where rows that fit have led: what comes next, the last two hashes, the last row."""
        self.expected, self.last, self.before = expected, last, before
        self.previous = Row._make(previous) if previous is not None else None

    def _go_on(self, row: Row, last: bytes | None) -> None:
        self.before, self.last, self.previous = self.last, last, row
        self.expected = row.seq + 1

    def _fault(self, seq: int, kind: str, words: str) -> None:
        if len(self.faults) < MAX_FAULTS and all((f.seq, f.kind) != (seq, kind) for f in self.faults):
            self.faults.append(Fault(seq, kind, words))

    def _is_bad(self, seq: int) -> bool:
        return any(fault.seq == seq for fault in self.faults)

    # A row that does not fit

    def look(self, raw: Any) -> None:
        """Find out why a row does not fit, and go on behind it as well as possible."""
        row = Row._make(raw)
        facts = Facts.of(row)
        if row.seq > self.limit:
            self._stands_beyond(row, facts)
        elif self.previous is not None and row.seq == self.previous.seq:
            self._stands_twice(self.previous, row)
        elif row.seq < self.expected:
            self._fault(row.seq, "inserted", "no entry of this number was ever written")
        elif not self._is_displaced(row, facts):
            self._check_place(row)
            self._check_content(row, facts)

    def _check_place(self, row: Row) -> None:
        if row.seq == self.expected:
            return
        first, last = self.expected, row.seq - 1
        which = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        if self.previous is not None and row.id == self.previous.id + 1:
            # Rows are numbered without gaps by the table itself: nothing was taken out, the table was set back.
            self._fault(first, "restored", f"{which} missing, as if the table had been set back to an earlier state")
        else:
            self._fault(first, "deleted", f"{which} missing")
        self._missing.append((len(self.faults) - 1, first, last))
        self.expected, self.last, self.before = row.seq, None, None

    def _check_content(self, row: Row, facts: Facts) -> None:
        kind, words = self._wrong_with(row, facts)
        if kind:
            self._fault(row.seq, kind, words)
            self._go_on(row, None)
            return
        entry = facts.entry
        if entry is not None and self.last is not None and entry.prev != self.last:
            self._links_elsewhere(row, entry)
        self._go_on(row, row.hash)
        if entry is not None and not self._shift:
            self._check_payload(row, entry)

    def _wrong_with(self, row: Row, facts: Facts) -> tuple[str, str]:
        """What is wrong with a row in itself; empty when nothing is."""
        if facts.version != VERSION and not (facts.own and facts.entry):
            return "downgraded", f"it says format version {facts.version!r}, the chain is written in version {VERSION}"
        if not facts.own:
            if len(row.hash) != 32 or row.hash == sha256(row.canonical).digest():
                return "downgraded", "its hash was made in a weaker way than the chain's"
            return "edited", "its text differs from its hash"
        if facts.entry is None:
            return "edited", "its text is not in the chain's format"
        if facts.entry.tenant != self.memory.tenant:
            return "foreign", f"it belongs to the chain of {facts.entry.tenant}"
        columns = disagreeing_columns(row, facts.entry, self._shift)
        if columns:
            return "edited", f"the columns beside its text disagree with it: {', '.join(columns)}"
        return "", ""

    def _links_elsewhere(self, row: Row, entry: Entry) -> None:
        """A row that is sound in itself follows another entry than the one before it. One of the two is wrong."""
        following = self.rows.peek()
        anchor = following.prev if following else self.memory.head.hash if self.memory.head else None
        if self.before is not None and entry.prev == self.before:
            self._fault(row.seq, "forked", f"it follows the same entry as entry {row.seq - 1}")
        elif self.previous is not None and anchor == row.hash:
            if self.previous.seq in self._strangers:
                self._strangers.remove(self.previous.seq)
            words = f"its hash was made anew, and entry {row.seq} still points to the former one"
            if not self._is_bad(self.previous.seq):
                self._fault(self.previous.seq, "edited", words)
        else:
            self._fault(row.seq, "edited", "it points to another entry than the one before it")

    def _check_payload(self, row: Row, entry: Entry) -> None:
        if row.witness is None:
            self._fault(row.seq, "payload", "its payload was deleted; an erased payload would leave its place behind")
            return
        if row.witness != row.hash:
            # Either this payload row was changed or the entry was rewritten: the end of the chain will tell.
            if len(self._strangers) < MAX_FAULTS:
                self._strangers.append(row.seq)
            return
        if row.salt is None and row.payload is None and row.erased:
            self.erased += 1
        elif row.salt is None or row.payload is None or sha256(row.salt + row.payload).digest() != entry.digest:
            self._fault(row.seq, "payload", "its payload differs from its digest")

    # Two rows of one number

    def _stands_twice(self, first: Row, second: Row) -> None:
        rows = [first, second]
        while (following := self.rows.peek()) is not None and following.seq == first.seq:
            rows.append(self.rows.take())
        anchor = following.prev if following else None
        if following is None and self.memory.head and self.memory.head.seq == first.seq:
            anchor = self.memory.head.hash
        rightful = next((row for row in rows if row.hash == anchor), first)
        for row in rows:
            if row is not rightful:
                self._name_double(row, rightful)
        kind, words = self._wrong_with(rightful, Facts.of(rightful))
        if kind:
            self._fault(rightful.seq, kind, words)
        self.last, self.previous = None if kind else rightful.hash, rightful

    def _name_double(self, row: Row, rightful: Row) -> None:
        facts = Facts.of(row)
        if row.id == rightful.id:
            self._fault(row.seq, "payload", "it has two payloads")
        elif row.canonical == rightful.canonical:
            self._fault(row.seq, "duplicated", "it stands there twice")
        elif facts.own and facts.entry and facts.entry.tenant != self.memory.tenant:
            self._fault(row.seq, "foreign", f"it belongs to the chain of {facts.entry.tenant}")
        elif facts.own and facts.entry and facts.entry.seq == row.seq and facts.entry.prev == rightful.prev:
            self._fault(row.seq, "forked", "two entries of this number follow the same entry")
        elif facts.own and facts.entry and self._stands_at(facts.entry.seq, row):
            self._fault(row.seq, "duplicated", f"a copy of entry {facts.entry.seq} stands beside it")
        else:
            self._fault(row.seq, "inserted", "its number appears twice")

    # Rows behind the end

    def _stands_beyond(self, row: Row, facts: Facts) -> None:
        self._beyond += 1
        entry = facts.entry if facts.own else None
        if entry is not None and entry.tenant != self.memory.tenant:
            self._fault(row.seq, "foreign", f"it belongs to the chain of {entry.tenant}")
        elif entry is not None and self._fills_gap(entry):
            return
        elif entry is not None and self._stands_at(entry.seq, row):
            self._fault(row.seq, "duplicated", f"it is a copy of entry {entry.seq}")
        elif self.memory.head is not None and self._beyond == 1:
            self._fault(row.seq, "inserted", f"the chain ends at entry {self.memory.head.seq}")

    # Rows whose entry says another number

    def _is_displaced(self, row: Row, facts: Facts) -> bool:
        """Handle a sound entry that stands under a wrong number; False when it is none."""
        entry = facts.entry
        if not facts.own or entry is None or entry.tenant != self.memory.tenant:
            return False
        if entry.seq == row.seq:
            self._move(0)
            return False
        if entry.seq + self._shift == row.seq:
            return False
        if row.seq in self._moved:
            self._go_on(row, self._moved[row.seq])
        elif self._fills_gap(entry):
            self._go_on(row, None)
        else:
            self._name_displaced(row, entry)
        return True

    def _name_displaced(self, row: Row, entry: Entry) -> None:
        wanted = self.expected - self._shift  # the number that the next entry should say
        if row.seq > self.expected and entry.seq == wanted and entry.prev == self.last:
            self._fault(self.expected, "edited", f"it is listed under the number {row.seq}")
            self._move(row.seq - entry.seq)
            self._go_on(row, row.hash)
            return
        self._check_place(row)
        double = self.previous is not None and entry.seq == wanted - 1 and entry.prev == self.before
        if double and self.previous is not None:
            kind = "duplicated" if self.previous.hash == row.hash else "inserted"
            self._fault(self.previous.seq, kind, "all later entries were moved up by one number for it")
            self._move(self._shift + 1)
            self._go_on(row, row.hash)
        elif self._stands_at(entry.seq + self._shift, row):
            self._fault(row.seq, "duplicated", f"a copy of entry {entry.seq} stands in its place")
            self._go_on(row, None)
        elif self._shift == 0 and self._is_cycle(row, entry):
            self._fault(row.seq, "reordered", f"entry {entry.seq} stands in its place")
            self._go_on(row, self._moved[row.seq])
        elif entry.seq > wanted:
            which = f"entry {wanted} is" if entry.seq == wanted + 1 else f"entries {wanted} to {entry.seq - 1} are"
            self._fault(self.expected, "deleted", f"{which} missing, and the later numbers were moved down")
            self._missing.append((len(self.faults) - 1, wanted, entry.seq - 1))
            self._move(self._shift - (entry.seq - wanted))
            self._go_on(row, row.hash)
        else:
            self._fault(row.seq, "inserted", f"it says that it is entry {entry.seq}")
            self._go_on(row, None)

    def _move(self, shift: int) -> None:
        """From here on the rows' numbers are `shift` off those of their entries; the end moves with them."""
        self._shift = shift
        self.limit = self._end + shift

    def _fills_gap(self, entry: Entry) -> bool:
        """An entry thought missing stands elsewhere: what looked like a deletion was a move."""
        for index, first, last in self._missing:
            if first <= entry.seq <= last and index < len(self.faults):
                found = self.faults[index]
                self.faults[index] = Fault(found.seq, "reordered", f"entry {entry.seq} stands elsewhere")
                return True
        return False

    def _stands_at(self, seq: int, row: Row) -> bool:
        """Whether the very same entry also stands, as another row, under the number `seq`."""
        return any(other.id != row.id and other.hash == row.hash for other in self._found(seq))

    def _is_cycle(self, row: Row, entry: Entry) -> bool:
        """Whether entries stand in each other's places, this one among them; remembers where each belongs."""
        moved = {entry.seq: row.hash}
        at = entry.seq
        for _ in range(MAX_STEPS):
            there = next(iter(self._found(at)), None)
            facts = Facts.of(there) if there else None
            if there is None or facts is None or not facts.own or facts.entry is None or facts.entry.seq in moved:
                return False
            moved[facts.entry.seq] = there.hash
            if facts.entry.seq == row.seq:
                self._moved |= moved
                return True
            at = facts.entry.seq
        return False

    def _found(self, seq: int) -> Sequence[Row]:
        return self.find(seq) if self.find is not None and seq > 0 else ()

    # The memories

    def compare_mark(self, raw: Any) -> None:
        """Compare the chain at a position that a former check has proven."""
        row = Row._make(raw)
        while row.seq > self.next_mark:
            self._next_mark()
        if row.seq < self.next_mark:
            return
        proven = self._marks[0][1]
        self._next_mark()
        if self.last is None or self._is_bad(row.seq) or self._rewritten or self._shift:
            return
        if self.last == proven:
            self._good = row.seq
        else:
            self._name_rewritten(f"entry {row.seq} is not the one that was checked before")

    def _next_mark(self) -> None:
        self._marks.pop(0)
        self.next_mark = self._marks[0][0] if self._marks else NEVER

    def _name_rewritten(self, proof: str) -> None:
        later = [seq for seq in self._strangers if seq > self._good]
        first = later[0] if later else self._good + 1
        self._fault(first, "recomputed", f"the links fit from here on, but {proof}")
        self._rewritten = True

    def report(self, checked: int) -> Report:
        """Compare the end with the head, and sum up."""
        self._check_end()
        if not self._rewritten:
            for seq in self._strangers:
                self._fault(seq, "payload", "its payload belongs to an entry with another hash")
        self.faults.sort(key=lambda fault: fault.seq)
        reached = self.expected - 1
        found = Report(self.memory.tenant, checked, reached, self.erased, self.faults)
        if self.faults:
            found.proven = Point(max(self.faults[0].seq - 1, 0), b"")
        elif self.last is not None:
            found.proven = Point(reached, self.last)
        return found

    def _check_end(self) -> None:
        head, reached = self.memory.head, self.expected - 1 - self._shift
        proven = max((mark.seq for mark in self.memory.marks), default=0)
        if head is None:
            if reached or self._beyond or proven:
                self._fault(reached + 1, "truncated", "the record of how far the chain goes is gone")
        elif reached < head.seq:
            self._name_cut(reached, head)
        elif head.seq < proven:
            self._fault(head.seq + 1, "restored", f"the chain ends at {head.seq} and was checked up to {proven} before")
        elif self.last is not None and self.last != head.hash and not self._rewritten:
            self._name_rewritten(f"the chain's end, entry {head.seq}, is not the one that was written")

    def _name_cut(self, reached: int, head: Point) -> None:
        missing = f"entries {reached + 1} to {head.seq} are missing"
        if self.previous is not None and self.memory.last_id == self.previous.id:
            self._fault(reached + 1, "restored", f"{missing}, and the table is in an earlier state")
        else:
            self._fault(reached + 1, "truncated", missing)


def disagreeing_columns(row: Row, entry: Entry, shift: int = 0) -> list[str]:
    """Names of the columns that say something else than the entry's bytes."""
    pairs = {
        "seq": (row.seq, entry.seq + shift),
        "prev": (row.prev, entry.prev),
        "at": (row.at.astimezone(UTC), entry.at),
        "actor": (row.actor, entry.actor),
        "action": (row.action, entry.action),
        "target": (row.target, entry.target),
    }
    return [name for name, (column, said) in pairs.items() if column != said]
