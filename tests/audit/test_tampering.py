"""Real attacks on real tables, by the database's owner; and that the database refuses them from anyone else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audit.chain import Draft, bind
from audit.entry import canonical_payload, parse
from audit.models import Entry
from audit.scope import Scope
from audit.stored import AppendOnly
from tenants.context import platform_context
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
        (copy_row(5, hash="sha256(hash)", prev="sha256(prev)", canonical="canonical || ' '"), (5, "inserted")),
        (
            ["UPDATE audit_entry SET canonical = convert_to(replace("
             "convert_from(canonical, 'UTF8'), '\"v\":1', '\"v\":0'), 'UTF8') WHERE seq = 6"],
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


@pytest.mark.promise("AUD-3")
@pytest.mark.parametrize("head", [False, True])
def test_a_chain_rewritten_from_some_point_on_is_found(ledger: Ledger, head: bool) -> None:
    ledger.check()
    rewrite(ledger, 6, head=head)
    assert ledger.faults() == [(6, "recomputed")]


@pytest.mark.promise("AUD-3")
def test_a_chain_rewritten_with_everything_beside_it_contradicts_former_checks(ledger: Ledger) -> None:
    ledger.check()
    rewrite(ledger, 6, head=True)
    ledger.tamper(
        "UPDATE audit_payload p SET entry_hash = e.hash FROM audit_entry e WHERE e.seq = p.seq",
        "UPDATE audit_payload SET salt = NULL, canonical = NULL, erased_at = now() WHERE seq >= 6",
    )
    assert [kind for _, kind in ledger.faults()] == ["recomputed"]


@pytest.mark.promise("AUD-3")
def test_a_second_branch_is_a_fork(ledger: Ledger) -> None:
    (prev,) = ledger.rows("SELECT hash FROM audit_entry WHERE seq = 5")[0]
    ((seq, prev, mine, canonical, target),) = forged_values(ledger, 6, bytes(prev), 1)
    ledger.tamper(*drop_uniques())
    with superuser(ledger.organization.schema_name) as raw:
        raw.execute(
            "INSERT INTO audit_entry (seq, prev, hash, canonical, at, actor, action, target)"
            " SELECT %s, %s, %s, %s, at, actor, action, %s FROM audit_entry WHERE seq = 6",
            [seq, prev, mine, canonical, target],
        )
    try:
        assert ledger.faults() == [(6, "forked")]
    finally:
        restore_constraints(ledger)


@pytest.mark.promise("AUD-3")
def test_another_organizations_entry_in_ones_own_place_is_foreign(ledger: Ledger, other_ledger: Ledger) -> None:
    theirs = other_ledger.organization.schema_name
    with superuser(ledger.organization.schema_name) as raw:
        raw.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        raw.execute(
            f"UPDATE audit_entry m SET prev = o.prev, hash = o.hash, canonical = o.canonical, at = o.at"
            f' FROM "{theirs}".audit_entry o WHERE o.seq = m.seq AND m.seq = 5'
        )
    assert ledger.faults() == [(5, "foreign")]
    assert other_ledger.faults() == []


@pytest.mark.promise("AUD-3")
def test_a_chain_set_back_together_with_its_head_is_restored(ledger: Ledger) -> None:
    ledger.check()
    ledger.tamper("DELETE FROM audit_entry WHERE seq > 6", "DELETE FROM audit_payload WHERE seq > 6")
    (mine,) = ledger.rows("SELECT hash FROM audit_entry WHERE seq = 6")[0]
    ledger.tamper_head(
        f"UPDATE audit_platform_head SET seq = 6, count = 6, hash = '\\x{bytes(mine).hex()}' WHERE tenant = :tenant"
    )
    assert ledger.faults() == [(7, "restored")]


@pytest.mark.promise("AUD-3")
def test_a_chain_goes_on_behind_a_break_and_stays_broken(ledger: Ledger) -> None:
    ledger.tamper(f"{EDIT} WHERE seq = 5")
    ledger.append("later")
    assert ledger.faults() == [(5, "edited")]


@pytest.mark.promise("AUD-3")
def test_the_hourly_check_finds_what_was_tampered_with_since_the_last_one(ledger: Ledger) -> None:
    assert ledger.check(full=False).is_whole
    ledger.append("n10", "n11")
    ledger.tamper(f"{EDIT} WHERE seq = 10")
    run = ledger.check(full=False)
    assert (run.first_seq, run.checked) == (9, 3)
    assert [(fault["seq"], fault["kind"]) for fault in run.faults] == [(10, "edited")]


@pytest.mark.promise("AUD-3")
def test_only_a_full_check_sees_what_lies_before_the_last_mark_and_then_it_stays_seen(ledger: Ledger) -> None:
    ledger.check(full=False)
    ledger.append("n10")
    ledger.tamper(f"{EDIT} WHERE seq = 3")
    assert ledger.faults(full=False) == []
    assert ledger.faults(full=True) == [(3, "edited")]
    assert ledger.faults(full=False) == [(3, "edited")]


@pytest.mark.promise("AUD-3")
def test_a_bad_mark_makes_the_hourly_check_a_full_one(ledger: Ledger) -> None:
    ledger.check(full=False)
    rewrite(ledger, 6, head=True)
    run = ledger.check(full=False)
    assert run.full
    assert [(fault["seq"], fault["kind"]) for fault in run.faults] == [(6, "recomputed")]


@pytest.mark.parametrize("table", ["audit_entry", "audit_payload"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET seq = seq WHERE false", "DELETE FROM {}", "TRUNCATE {}", "DELETE FROM {} WHERE seq = -1"],
)
@pytest.mark.promise("AUD-1")
def test_not_even_the_owner_changes_rows_as_long_as_the_triggers_stand(
    ledger: Ledger, table: str, statement: str
) -> None:
    with pytest.raises(DatabaseError, match="the audit chain is append-only"):
        ledger.as_owner(statement.format(table))


@pytest.mark.promise("AUD-1")
def test_triggers_fire_where_replication_would_switch_them_off(ledger: Ledger) -> None:
    with superuser(ledger.organization.schema_name) as raw:
        raw.execute("SET session_replication_role = 'replica'")
        with pytest.raises(psycopg.Error, match="append-only"):
            raw.execute("DELETE FROM audit_entry")


@pytest.mark.promise("AUD-1")
@pytest.mark.parametrize("table", ["audit_entry", "audit_payload"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_tenants_role_may_only_add(in_acme: Any, table: str, statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.promise("AUD-1")
@pytest.mark.parametrize("table", ["audit_platform_entry", "audit_platform_payload"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_platforms_role_may_only_add(db: None, table: str, statement: str) -> None:
    with platform_context(), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_platform_head SET seq = seq - 1",
        "UPDATE audit_platform_head SET hash = sha256(hash)",
        "UPDATE audit_platform_head SET seq = seq + 1, count = count - 1",
        "UPDATE audit_platform_head SET tenant = gen_random_uuid(), seq = seq + 1",
        "DELETE FROM audit_platform_head",
    ],
)
@pytest.mark.promise("AUD-1")
def test_the_head_only_grows(cast: Any, statement: str) -> None:
    with platform_context(), pytest.raises(DatabaseError, match=r"only grows|append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.promise("TEN-3")
def test_a_tenant_sees_and_moves_its_own_head_alone(in_acme: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant FROM audit_platform_head")
        assert cursor.fetchall() == [(in_acme.id,)]
        cursor.execute("UPDATE audit_platform_head SET seq = seq + 1 WHERE tenant <> %s", [in_acme.id])
        assert cursor.rowcount == 0


@pytest.mark.parametrize("table", ["audit_platform_mark", "audit_platform_verificationrun"])
@pytest.mark.promise("TEN-3")
def test_a_tenant_cannot_write_what_was_proven_of_it(in_acme: Any, table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET id = id")


def test_models_refuse_to_change_entries_in_words(in_acme: Any) -> None:
    entry = Entry.objects.first()
    for attempt in (entry.save, entry.delete, Entry.objects.all().delete, lambda: Entry.objects.update(seq=1)):
        with pytest.raises(AppendOnly):
            attempt()


def test_the_documented_way_to_break_a_chain_works_and_can_be_mended(ledger: Ledger) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "audit-chain.md").read_text()
    (block,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    block = block.replace("'acme'", f"'{ledger.organization.slug}'")
    ledger.as_owner(block)
    (fault,) = ledger.check().faults
    said = f"entry {fault['seq']}: {fault['kind']}: {fault['words']}"
    assert said in page
    ledger.as_owner(block.replace("""'"actor":"', '"actor":"x'""", """'"actor":"x', '"actor":"'"""))
    assert ledger.faults() == []


def test_the_command_says_whole_or_names_the_faults(ledger: Ledger, capsys: Any) -> None:
    slug = ledger.organization.slug
    call_command("verify_chain", slug)
    assert capsys.readouterr().out == "whole: 9 entries\n"
    call_command("verify_chain", slug, "--incremental")
    assert capsys.readouterr().out == "whole: 9 entries\n"
    ledger.tamper(f"{EDIT} WHERE seq = 5", "DELETE FROM audit_entry WHERE seq > 7")
    with pytest.raises(SystemExit) as exit:
        call_command("verify_chain", slug)
    assert exit.value.code == 1
    assert capsys.readouterr().out == (
        "entry 5: edited: its text differs from its hash\nentry 8: truncated: entries 8 to 9 are missing\n"
    )


def test_the_command_checks_the_platforms_chain(committed: None, capsys: Any) -> None:
    call_command("verify_chain", "--platform")
    assert re.fullmatch(r"whole: \d+ entries\n", capsys.readouterr().out)


def test_the_command_refuses_an_unknown_organization(committed: None) -> None:
    with pytest.raises(CommandError, match="no organization with the slug 'nobody'") as refusal:
        call_command("verify_chain", "nobody")
    assert refusal.value.returncode == 2


def test_an_idle_chain_does_not_grow_by_being_checked(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.check(full=False, actor="system:schedule")
    assert ledger.rows("SELECT action FROM audit_entry WHERE seq > 9") == [("audit.chain.verified",)]


def test_the_schedule_records_a_break_once(ledger: Ledger) -> None:
    ledger.tamper(f"{EDIT} WHERE seq = 5")
    for _ in range(3):
        ledger.check(full=False, actor="system:schedule")
    assert ledger.rows("SELECT action FROM audit_entry WHERE seq > 9 ORDER BY seq") == [
        ("audit.chain.verified",),
        ("audit.chain.broken",),
    ]
