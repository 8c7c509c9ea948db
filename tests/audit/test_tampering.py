"""Real attacks on real tables, by the database's owner; and that the database refuses them from anyone else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.chain import Draft, bind
from audit.entry import canonical_payload, parse
from audit.scope import Scope
from tenants.context import platform_context, tenant_context
from tests.audit.conftest import ACTOR, Ledger, superuser

EDIT = (
    "UPDATE audit_entry SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), 'noted', 'moved'), 'UTF8')"
)


def copy_row(of: int, **columns: str) -> list[str]:
    """Statements that put a copy of entry `of` into the table, with columns changed."""
    names = ("seq", "prev", "hash", "canonical", "at", "actor", "action", "target")
    values = ", ".join(columns.get(name, name) for name in names)
    return [
        *drop_uniques(),
        f"INSERT INTO audit_entry ({', '.join(names)}) SELECT {values} FROM audit_entry WHERE seq = {of}",
    ]


def drop_uniques() -> list[str]:
    """The owner can take the unique constraints away as well."""
    return [
        "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname FROM pg_constraint"
        " WHERE conrelid = 'audit_entry'::regclass AND contype IN ('u', 'c') LOOP"
        " EXECUTE format('ALTER TABLE audit_entry DROP CONSTRAINT %I', c.conname); END LOOP; END $$"
    ]


def forged_values(ledger: Ledger, since: int, prev: bytes, length: int) -> list[tuple[Any, ...]]:
    """Rows of a chain made to fit from `since` on, by someone who knows the format."""
    drafts = []
    for seq in range(since, since + length):
        (raw,) = ledger.rows(f"SELECT canonical FROM audit_entry WHERE seq = {seq}")[0] if seq <= 9 else (None,)
        at = parse(bytes(raw)).at if raw is not None else parse(bytes(ledger.rows(
            "SELECT canonical FROM audit_entry WHERE seq = 9")[0][0])).at  # fmt: skip
        drafts.append(
            Draft(ledger.scope, ACTOR, "tests.thing.noted", f"tests.thing:forged-{seq}", at, canonical_payload({}))
        )
    links = bind(Scope(ledger.organization.id, ledger.scope.enter), since - 1, prev, drafts)
    return [(link.entry.seq, link.entry.prev, link.hash, link.canonical, link.entry.target) for link in links]


def rewrite(ledger: Ledger, since: int, *, head: bool) -> None:
    (prev,) = ledger.rows(f"SELECT hash FROM audit_entry WHERE seq = {since - 1}")[0]
    rows = forged_values(ledger, since, bytes(prev), 10 - since)
    with superuser(ledger.organization.schema_name) as raw:
        raw.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        for seq, prev, mine, canonical, target in rows:
            raw.execute(
                "UPDATE audit_entry SET prev = %s, hash = %s, canonical = %s, target = %s WHERE seq = %s",
                [prev, mine, canonical, target, seq],
            )
        raw.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_append_only")
    if head:
        ledger.tamper_head(f"UPDATE audit_platform_head SET hash = '\\x{rows[-1][2].hex()}' WHERE tenant = :tenant")


@pytest.mark.promise("AUD-3")
def test_an_untouched_chain_is_whole(ledger: Ledger) -> None:
    run = ledger.check()
    assert run.is_whole
    assert (run.checked, run.total, run.faults) == (9, 9, [])


@pytest.mark.promise("AUD-3")
@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([f"{EDIT} WHERE seq = 5"], (5, "edited")),
        (["UPDATE audit_entry SET action = 'tests.thing.moved' WHERE seq = 4"], (4, "edited")),
        (["UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE seq = 4"], (4, "edited")),
        (["DELETE FROM audit_entry WHERE seq IN (3, 4)"], (3, "deleted")),
        (["DELETE FROM audit_entry WHERE seq > 6"], (7, "truncated")),
        (["TRUNCATE audit_entry"], (1, "truncated")),
        (["DELETE FROM audit_entry WHERE seq > 6", "SELECT setval('audit_entry_id_seq', 6)"], (7, "restored")),
        (
            ["UPDATE audit_entry SET seq = 999 WHERE seq = 2", "UPDATE audit_entry SET seq = 2 WHERE seq = 7",
             "UPDATE audit_entry SET seq = 7 WHERE seq = 999"],
            (2, "reordered"),
        ),
        (copy_row(4), (4, "duplicated")),
        (copy_row(4, seq="10"), (10, "duplicated")),
        (copy_row(9, seq="10", prev="hash", hash="sha256(hash)"), (10, "inserted")),
        (copy_row(5, hash="sha256(hash)", prev="sha256(prev)"), (5, "inserted")),
        (
            ["UPDATE audit_entry SET canonical = convert_to(replace(convert_from(canonical, 'UTF8'), '\"v\":1', '\"v\":0'),"
             " 'UTF8') WHERE seq = 6"],
            (6, "downgraded"),
        ),
        (["UPDATE audit_entry SET hash = sha256(canonical) WHERE seq = 6"], (6, "downgraded")),
        (["UPDATE audit_payload SET canonical = convert_to('{\"name\":\"x\"}', 'UTF8') WHERE seq = 8"], (8, "payload")),
        (["DELETE FROM audit_payload WHERE seq = 8"], (8, "payload")),
    ],
)  # fmt: skip
def test_the_owners_tampering_is_found_and_named(
    ledger: Ledger, statements: list[str], expected: tuple[int, str]
) -> None:
    ledger.tamper(*statements)
    try:
        assert ledger.faults() == [expected]
    finally:
        restore_constraints(ledger)


def restore_constraints(ledger: Ledger) -> None:
    ledger.start_over(0)
    with superuser(ledger.organization.schema_name) as raw:
        for name in ("seq", "prev", "hash"):
            raw.execute(f"ALTER TABLE audit_entry DROP CONSTRAINT IF EXISTS audit_entry_{name}_key")
            raw.execute(f"ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_{name}_key UNIQUE ({name})")
