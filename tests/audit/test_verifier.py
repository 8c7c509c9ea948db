"""Every way to tamper with a chain, on rows in memory: the first wrong position and its kind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.entry import GENESIS, Entry, canonical_payload, entry_hash, parse, payload_digest
from audit.rows import Memory, Point, Report, Row
from audit.verifier import verify

TENANT = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")
T0 = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.promise("AUD-3")


def bound(seq: int, prev: bytes, *, tenant: UUID = TENANT, name: str = "", row_id: int | None = None) -> Row:
    salt, payload = hashlib.sha256(bytes([seq % 256])).digest()[:16], canonical_payload({"name": name or f"n{seq}"})
    entry = Entry(
        tenant=tenant,
        seq=seq,
        prev=prev,
        at=T0 + timedelta(microseconds=seq),
        actor="system:tests",
        action="tests.thing.noted",
        target=f"tests.thing:{name or seq}",
        digest=payload_digest(salt, payload),
    )
    canonical = entry.canonical()
    mine = entry_hash(canonical)
    return Row(
        row_id or seq, seq, prev, mine, canonical, entry.at, entry.actor, entry.action, entry.target,
        mine, salt, payload, False,
    )  # fmt: skip


def chain(length: int, *, tenant: UUID = TENANT, prev: bytes = GENESIS, first: int = 1, name: str = "") -> list[Row]:
    rows = []
    for seq in range(first, first + length):
        rows.append(bound(seq, prev, tenant=tenant, name=name and f"{name}{seq}"))
        prev = rows[-1].hash
    return rows


def points(rows: list[Row], *seqs: int) -> list[Point]:
    return [Point(row.seq, row.hash) for row in rows if row.seq in seqs]


def check(rows: list[Row], true: list[Row], **memory: Any) -> Report:
    """Verify `rows`, remembering the head of the `true` ones."""
    rows = sorted(rows, key=lambda row: (row.seq, row.id))
    memory.setdefault("head", Point(true[-1].seq, true[-1].hash) if true else None)
    memory.setdefault("last_id", true[-1].id if true else None)
    return verify(rows, Memory(TENANT, **memory), find=lambda seq: [row for row in rows if row.seq == seq])


def found(report: Report) -> list[tuple[int, str]]:
    return [(fault.seq, fault.kind) for fault in report.faults]


def at(rows: list[Row], seq: int) -> int:
    return next(index for index, row in enumerate(rows) if row.seq == seq)


def changed(row: Row, **columns: Any) -> Row:
    return row._replace(**columns)


def rebound(row: Row, prev: bytes | None = None, target: str | None = None, *, witness: bool = False) -> Row:
    """The entry with another `prev` or target, and its own hash made anew."""
    entry = parse(row.canonical)
    new = Entry(
        entry.tenant, entry.seq, prev if prev is not None else entry.prev, entry.at, entry.actor, entry.action,
        target or entry.target, entry.digest,
    )  # fmt: skip
    canonical = new.canonical()
    return changed(
        row,
        prev=new.prev,
        target=new.target,
        canonical=canonical,
        hash=entry_hash(canonical),
        **({"witness": entry_hash(canonical)} if witness else {}),
    )


def rewritten(rows: list[Row], since: int, *, witness: bool) -> list[Row]:
    """The chain with entry `since` changed and everything after it made to fit."""
    new: list[Row] = []
    for row in rows:
        if row.seq < since:
            new.append(row)
        else:
            new.append(rebound(row, new[-1].hash if new else GENESIS, row.target + "x", witness=witness))
    return new


@pytest.mark.parametrize("length", [0, 1, 2, 25])
def test_an_untouched_chain_is_whole(length: int) -> None:
    rows = chain(length)
    report = check(rows, rows, marks=points(rows, 1, 7, length))
    assert report.is_whole
    assert (report.total, report.proven.seq) == (length, length)
    assert report.proven.hash == (rows[-1].hash if rows else GENESIS)


def test_an_erased_payload_leaves_the_chain_whole() -> None:
    rows = chain(9)
    rows[4] = changed(rows[4], salt=None, payload=None, erased=True)
    report = check(rows, rows)
    assert report.is_whole
    assert report.erased == 1


def edit_text(rows: list[Row], seq: int) -> list[Row]:
    rows[at(rows, seq)] = changed(
        rows[at(rows, seq)], canonical=rows[at(rows, seq)].canonical.replace(b"noted", b"moved")
    )
    return rows


def edit_text_and_hash(rows: list[Row], seq: int) -> list[Row]:
    rows[at(rows, seq)] = rebound(rows[at(rows, seq)], target="tests.thing:forged")
    return rows


def edit_text_hash_and_witness(rows: list[Row], seq: int) -> list[Row]:
    rows[at(rows, seq)] = rebound(rows[at(rows, seq)], target="tests.thing:forged", witness=True)
    return rows


def edit_hash_only(rows: list[Row], seq: int) -> list[Row]:
    rows[at(rows, seq)] = changed(rows[at(rows, seq)], hash=b"\1" * 32)
    return rows


def edit_link(rows: list[Row], seq: int) -> list[Row]:
    rows[at(rows, seq)] = rebound(rows[at(rows, seq)], prev=b"\2" * 32)
    return rows


@pytest.mark.parametrize(
    "attack", [edit_text, edit_text_and_hash, edit_text_hash_and_witness, edit_hash_only, edit_link]
)
@pytest.mark.parametrize("seq", [2, 5, 8])
def test_an_edited_entry_is_named_once(attack: Callable[[list[Row], int], list[Row]], seq: int) -> None:
    rows = chain(9)
    assert found(check(attack(list(rows), seq), rows)) == [(seq, "edited")]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "system:nobody"), ("action", "tests.thing.moved"), ("target", "tests.thing:x"),
        ("at", T0), ("prev", b"\3" * 32),
    ],
)  # fmt: skip
def test_a_column_that_disagrees_with_the_text_is_an_edit(column: str, value: Any) -> None:
    rows = chain(9)
    tampered = list(rows)
    tampered[4] = changed(rows[4], **{column: value})
    assert found(check(tampered, rows)) == [(5, "edited")]


def test_two_edits_are_two_faults() -> None:
    rows = chain(9)
    assert found(check(edit_text(edit_text(list(rows), 3), 7), rows)) == [(3, "edited"), (7, "edited")]


@pytest.mark.parametrize("gone", [[1], [5], [5, 6, 7], [1, 2, 8]])
def test_deleted_entries_are_missed(gone: list[int]) -> None:
    rows = chain(9)
    report = check([row for row in rows if row.seq not in gone], rows)
    firsts = [seq for seq in gone if seq - 1 not in gone]
    assert found(report) == [(seq, "deleted") for seq in firsts]
    assert report.proven.seq == gone[0] - 1


def test_a_deletion_hidden_by_renumbering_is_found() -> None:
    rows = chain(9)
    tampered = [changed(row, seq=row.seq - (row.seq > 4)) for row in rows if row.seq != 4]
    assert found(check(tampered, rows)) == [(4, "deleted")]


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_a_cut_tail_is_named_by_the_first_that_is_missing(cut: int) -> None:
    rows = chain(9)
    assert found(check(rows[:cut], rows)) == [(cut + 1, "truncated")]


def test_a_chain_cut_to_nothing_is_truncated_from_the_first() -> None:
    assert found(check([], chain(9))) == [(1, "truncated")]


def test_a_chain_without_its_head_is_not_whole() -> None:
    rows = chain(9)
    assert found(check(rows, rows, head=None)) == [(10, "truncated")]


def test_an_entry_behind_the_end_was_inserted() -> None:
    rows = chain(9)
    tampered = [*rows, *chain(2, prev=rows[-1].hash, first=10)]
    assert found(check(tampered, rows)) == [(10, "inserted")]


def test_an_entry_squeezed_in_by_renumbering_was_inserted() -> None:
    rows = chain(9)
    forged = bound(5, rows[3].hash, name="forged", row_id=99)
    tampered = [*rows[:4], forged, *(changed(row, seq=row.seq + 1) for row in rows[4:])]
    assert found(check(tampered, rows)) == [(5, "inserted")]


def test_an_entry_beside_another_of_the_same_number_was_inserted() -> None:
    rows = chain(9)
    forged = bound(5, b"\4" * 32, name="forged", row_id=99)
    assert found(check([*rows, forged], rows)) == [(5, "inserted")]


@pytest.mark.parametrize("seq", [-3, 0])
def test_an_entry_before_the_first_was_inserted(seq: int) -> None:
    rows = chain(9)
    forged = changed(bound(5, b"\4" * 32, name="forged", row_id=99), seq=seq)
    assert (seq, "inserted") in found(check([*rows, forged], rows))


@pytest.mark.parametrize("forged_id", [99, 0])
@pytest.mark.parametrize("seq", [5, 9])
def test_two_entries_that_follow_the_same_one_are_a_fork(seq: int, forged_id: int) -> None:
    rows = chain(9)
    forged = bound(seq, rows[seq - 2].hash, name="forged")._replace(id=forged_id)
    assert found(check([*rows, forged], rows)) == [(seq, "forked")]


def test_a_branch_of_entries_is_a_fork_where_it_leaves() -> None:
    rows = chain(9)
    branch = chain(3, prev=rows[4].hash, first=6, name="branch")
    tampered = [*rows, *(changed(row, id=90 + row.id) for row in branch)]
    assert found(check(tampered, rows))[0] == (6, "forked")


@pytest.mark.parametrize(("one", "two"), [(4, 5), (2, 8), (1, 9)])
def test_swapped_entries_are_reordered(one: int, two: int) -> None:
    rows = chain(9)
    numbers = {one: two, two: one}
    tampered = [changed(row, seq=numbers.get(row.seq, row.seq)) for row in rows]
    assert found(check(tampered, rows)) == [(one, "reordered")]


def test_an_entry_moved_backwards_is_reordered() -> None:
    rows = chain(9)
    numbers = {3: 7, 4: 3, 5: 4, 6: 5, 7: 6}
    tampered = [changed(row, seq=numbers.get(row.seq, row.seq)) for row in rows]
    assert found(check(tampered, rows)) == [(3, "reordered")]


def test_an_entry_moved_behind_the_end_is_reordered() -> None:
    rows = chain(9)
    tampered = [changed(row, seq=1000 if row.seq == 4 else row.seq) for row in rows]
    assert found(check(tampered, rows)) == [(4, "reordered")]


@pytest.mark.parametrize("seq", [1, 5, 9])
def test_a_row_that_stands_there_twice_is_duplicated(seq: int) -> None:
    rows = chain(9)
    assert found(check([*rows, changed(rows[seq - 1], id=99)], rows)) == [(seq, "duplicated")]


def test_a_copy_in_the_place_of_another_is_duplicated() -> None:
    rows = chain(9)
    tampered = list(rows)
    tampered[6] = changed(rows[2], seq=7, id=7)
    assert found(check(tampered, rows)) == [(7, "duplicated")]


def test_a_copy_behind_the_end_is_duplicated() -> None:
    rows = chain(9)
    assert found(check([*rows, changed(rows[2], seq=10, id=10)], rows)) == [(10, "duplicated")]


@pytest.mark.parametrize("seq", [1, 5, 9])
def test_an_entry_of_another_tenant_in_ones_place_is_foreign(seq: int) -> None:
    rows, others = chain(9), chain(9, tenant=OTHER)
    tampered = list(rows)
    tampered[seq - 1] = others[seq - 1]
    assert found(check(tampered, rows)) == [(seq, "foreign")]


def test_an_entry_of_another_tenant_behind_the_end_is_foreign() -> None:
    rows = chain(9)
    assert found(check([*rows, *chain(10, tenant=OTHER)[9:]], rows)) == [(10, "foreign")]


def test_a_whole_chain_of_another_tenant_is_foreign() -> None:
    rows = chain(9)
    assert found(check(chain(9, tenant=OTHER), rows))[0] == (1, "foreign")


@pytest.mark.parametrize("seq", [1, 4, 9])
def test_a_rewritten_chain_contradicts_what_its_payloads_remember(seq: int) -> None:
    rows = chain(9)
    assert found(check(rewritten(rows, seq, witness=False), rows)) == [(seq, "recomputed")]


def test_a_chain_rewritten_with_its_payloads_contradicts_its_head() -> None:
    rows = chain(9)
    assert found(check(rewritten(rows, 6, witness=True), rows, marks=points(rows, 5))) == [(6, "recomputed")]


def test_a_chain_rewritten_with_payloads_and_head_contradicts_former_checks() -> None:
    rows = chain(9)
    forged = rewritten(rows, 6, witness=True)
    head = Point(9, forged[-1].hash)
    assert found(check(forged, rows, head=head, marks=points(rows, 3, 5, 8))) == [(6, "recomputed")]


def test_a_chain_set_back_together_with_its_head_is_restored() -> None:
    rows = chain(9)
    assert found(check(rows[:6], rows[:6], marks=points(rows, 4, 9))) == [(7, "restored")]


def test_a_head_set_back_alone_is_restored() -> None:
    rows = chain(9)
    assert found(check(rows, rows[:6], marks=points(rows, 4, 9))) == [(7, "restored")]


def test_a_table_set_back_to_a_backup_is_restored() -> None:
    rows = chain(9)
    assert found(check(rows[:6], rows, last_id=6)) == [(7, "restored")]


def test_a_table_set_back_and_written_on_is_restored() -> None:
    rows = chain(9)
    later = [changed(row, id=row.id - 3) for row in chain(3, prev=rows[-1].hash, first=10)]
    assert found(check([*rows[:6], *later], [*rows, *later])) == [(7, "restored")]


@pytest.mark.parametrize("seq", [1, 5, 9])
@pytest.mark.parametrize("old", ["version", "no version", "no prefix", "short hash"])
def test_a_weaker_format_is_a_downgrade(seq: int, old: str) -> None:
    rows = chain(9)
    row = rows[seq - 1]
    if old == "version":
        canonical = row.canonical.replace(b'"v":1', b'"v":0')
        row = changed(row, canonical=canonical, hash=entry_hash(canonical))
    elif old == "no version":
        canonical = row.canonical.replace(b',"v":1', b"")
        row = changed(row, canonical=canonical, hash=entry_hash(canonical))
    elif old == "no prefix":
        row = changed(row, hash=hashlib.sha256(row.canonical).digest())
    else:
        row = changed(row, hash=hashlib.md5(row.canonical).digest())  # noqa: S324
    tampered = list(rows)
    tampered[seq - 1] = row
    assert found(check(tampered, rows)) == [(seq, "downgraded")]


@pytest.mark.parametrize(
    "columns",
    [
        {"payload": b'{"name":"forged"}'},
        {"salt": b"\0" * 16},
        {"payload": None},
        {"salt": None, "payload": None},
        {"witness": None, "salt": None, "payload": None},
        {"witness": b"\5" * 32},
    ],
)
@pytest.mark.parametrize("seq", [1, 5, 9])
def test_a_payload_that_differs_from_its_digest_is_found(columns: dict[str, Any], seq: int) -> None:
    rows = chain(9)
    tampered = list(rows)
    tampered[seq - 1] = changed(rows[seq - 1], **columns)
    assert found(check(tampered, rows)) == [(seq, "payload")]


def test_a_second_payload_is_found() -> None:
    rows = chain(9)
    assert found(check([*rows, changed(rows[4], payload=b"{}")], rows)) == [(5, "payload")]


def test_starting_at_a_proven_mark_checks_what_came_after() -> None:
    rows = chain(20)
    tampered = edit_text(edit_text(list(rows), 4), 15)
    mark = Point(10, rows[9].hash)
    report = verify(tampered[9:], Memory(TENANT, Point(20, rows[-1].hash), [mark]), start=mark)
    assert found(report) == [(15, "edited")]


def test_a_mark_that_does_not_hold_any_more_is_a_fault() -> None:
    rows = chain(20)
    mark = Point(10, rows[9].hash)
    forged = rewritten(rows, 3, witness=True)
    report = verify(forged[9:], Memory(TENANT, Point(20, forged[-1].hash), [mark]), start=mark)
    assert report.faults[0].kind == "recomputed"


def test_progress_is_told() -> None:
    seen: list[int] = []
    rows = chain(3) * 5000
    verify(rows, Memory(TENANT, None), progress=seen.append)
    assert seen == [10_000]
