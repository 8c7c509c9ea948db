"""Appending: with its change or not at all, in one line without forks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from audit import chain, feed
from audit.chain import record
from audit.entry import GENESIS, InvalidEntry, entry_hash, parse, payload_digest
from audit.feed import AppendedEntry
from audit.models import Entry, Payload
from audit.platform.models import Head, PlatformEntry
from audit.scope import PLATFORM
from tenants.context import NoTenantContext, platform_context, tenant_context
from tenants.models import Organization
from tests.audit.conftest import ACTOR, Ledger, note, superuser


def names() -> list[str]:
    """What the tests noted in the current chain, oldest first."""
    found = Entry.objects.filter(actor=ACTOR, action="tests.thing.noted").order_by("seq")
    return [entry.target.partition(":")[2] for entry in found]


@pytest.mark.promise("AUD-1")
def test_an_entry_is_bound_to_the_one_before(in_acme: Any) -> None:
    with transaction.atomic():
        note("a")
        note("b")
    second, first = Entry.objects.all()[:2]
    assert (second.seq, bytes(second.prev)) == (first.seq + 1, bytes(first.hash))
    assert bytes(second.hash) == entry_hash(bytes(second.canonical))
    assert parse(second.canonical).tenant == in_acme.id
    payload = Payload.objects.get(seq=second.seq)
    assert payload_digest(bytes(payload.salt), bytes(payload.canonical)) == parse(second.canonical).digest
    head = Head.objects.get()
    assert (head.seq, head.count, bytes(head.hash)) == (second.seq, second.seq, bytes(second.hash))


@pytest.mark.promise("AUD-1")
def test_the_first_entry_follows_sixty_four_zeros(ledger: Ledger) -> None:
    ledger.start_over(0)
    ledger.append("a")
    ((seq, prev),) = ledger.rows("SELECT seq, prev FROM audit_entry")
    assert (seq, bytes(prev)) == (1, GENESIS)


def test_the_time_of_the_event_is_kept_to_the_microsecond(in_acme: Any) -> None:
    at = datetime(2026, 11, 20, 13, 32, 8, 204001, tzinfo=UTC)
    with transaction.atomic():
        record("tests.thing.noted", "tests.thing:a", {}, actor=ACTOR, at=at)
    entry = Entry.objects.first()
    assert entry.at == parse(entry.canonical).at == at


@pytest.mark.promise("AUD-2")
def test_outside_a_transaction_nothing_can_be_recorded(committed: None, one_ledger: Ledger) -> None:
    with tenant_context(one_ledger.organization), pytest.raises(TransactionManagementError):
        note("alone")


def test_outside_any_context_nothing_can_be_recorded(db: None) -> None:
    with pytest.raises(NoTenantContext), transaction.atomic():
        note("nowhere")


@pytest.mark.parametrize(
    "fields",
    [
        {"actor": "somebody"}, {"actor": "person:1"}, {"actor": ""}, {"action": "noted"},
        {"action": "Tests.thing.noted"}, {"action": "tests.thing.noted.twice"}, {"target": "thing"},
        {"target": "tests.thing:"}, {"target": 'tests.thing:"'}, {"payload": {"x": float("nan")}},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
    ],
)  # fmt: skip
def test_what_breaks_the_format_is_refused_at_once(in_acme: Any, fields: dict[str, Any]) -> None:
    call = {"action": "tests.thing.noted", "target": "tests.thing:a", "payload": {}, "actor": ACTOR} | fields
    with transaction.atomic(), pytest.raises(InvalidEntry):
        record(**call)


@pytest.mark.promise("AUD-2")
def test_an_entry_is_committed_with_its_change(ledger: Ledger) -> None:
    with tenant_context(ledger.organization), transaction.atomic():
        note("kept")
        assert names()[-1] != "kept", "entries are written just before the commit"
    with tenant_context(ledger.organization):
        assert names()[-1] == "kept"


@pytest.mark.promise("AUD-2")
def test_a_change_that_is_rolled_back_leaves_no_entry(ledger: Ledger) -> None:
    with tenant_context(ledger.organization):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note("lost")
            raise ZeroDivisionError
        with transaction.atomic():
            note("next")
        assert names()[-2:] == ["n9", "next"]
    assert ledger.faults() == []


@pytest.mark.promise("AUD-2")
def test_an_entry_that_cannot_be_written_takes_its_change_with_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both directions: no entry, no change."""

    def refuse(*_: Any) -> None:
        raise IntegrityError("the chain is full")

    with platform_context():
        before = Organization.objects.get(pk=ledger.organization.pk).name
    monkeypatch.setattr(chain, "_insert", refuse)
    with pytest.raises(IntegrityError), tenant_context(ledger.organization), transaction.atomic():
        with platform_context():
            Organization.objects.filter(pk=ledger.organization.pk).update(name="Changed")
        note("lost")
    monkeypatch.undo()
    with platform_context():
        assert Organization.objects.get(pk=ledger.organization.pk).name == before
    with tenant_context(ledger.organization):
        assert names()[-1] == "n9"


@pytest.mark.promise("AUD-2")
def test_what_a_failed_commit_had_gathered_is_not_written_by_the_next_one(ledger: Ledger) -> None:
    with tenant_context(ledger.organization):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note("lost")
            connection.before_commit(lambda: 1 / 0)
        with transaction.atomic():
            note("next")
        assert names()[-2:] == ["n9", "next"]


@pytest.mark.promise("AUD-2")
def test_rolling_back_a_savepoint_drops_what_was_recorded_inside_it(ledger: Ledger) -> None:
    with tenant_context(ledger.organization):
        with transaction.atomic():
            note("a")
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                note("lost")
                with transaction.atomic():
                    note("lost-too")
                raise ZeroDivisionError
            with transaction.atomic():
                note("b")
            note("c")
        assert names()[-4:] == ["n9", "a", "b", "c"]


def test_entries_of_one_transaction_stand_in_the_order_in_which_they_were_recorded(ledger: Ledger) -> None:
    with tenant_context(ledger.organization):
        with transaction.atomic():
            for number in range(500):
                note(str(number))
        assert names()[9:] == [str(number) for number in range(500)]
    assert ledger.faults() == []


@pytest.mark.promise("AUD-1")
def test_the_platform_has_a_chain_of_its_own(db: None) -> None:
    with platform_context():
        with transaction.atomic():
            note("platform")
        newest = PlatformEntry.objects.first()
        assert newest.target == "tests.thing:platform"
        assert parse(newest.canonical).tenant == PLATFORM
        assert Head.objects.get(tenant=PLATFORM).seq == newest.seq


@pytest.mark.promise("AUD-2")
def test_one_transaction_may_write_to_two_chains(ledger: Ledger) -> None:
    with tenant_context(ledger.organization), transaction.atomic():
        note("in-the-tenant")
        with platform_context():
            note("on-the-platform")
        note("in-the-tenant-again")
    with tenant_context(ledger.organization):
        assert names()[-2:] == ["in-the-tenant", "in-the-tenant-again"]
    with platform_context():
        assert PlatformEntry.objects.first().target == "tests.thing:on-the-platform"


@pytest.mark.promise("TEN-3")
def test_two_chains_count_for_themselves(ledger: Ledger, other_ledger: Ledger) -> None:
    ledger.append("acmes")
    other_ledger.append("meridians")
    for mine, secret in ((ledger, "acmes"), (other_ledger, "meridians")):
        with tenant_context(mine.organization):
            assert (Entry.objects.first().seq, names()[-1]) == (10, secret)


# Concurrency --------------------------------------------------------------------------------------------------------

THREADS, EACH = 8, 25


def together(work: Callable[[int], None], threads: int = THREADS) -> list[BaseException]:
    """Run `work(number)` on threads that start at once; their errors."""
    barrier, errors = threading.Barrier(threads), []

    def run(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            work(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=run, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return errors


@pytest.mark.promise("AUD-1")
def test_parallel_appends_do_not_fork(ledger: Ledger) -> None:
    def work(number: int) -> None:
        for index in range(EACH):
            ledger.append(f"t{number}-{index}")

    assert together(work) == []
    run = ledger.check()
    assert (run.state, run.total) == ("whole", 9 + THREADS * EACH)


@pytest.fixture
def without_locks(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The control: the head is read and not locked, and the table takes doubles."""
    monkeypatch.setattr(chain, "_LOCK", chain._LOCK.replace(" FOR UPDATE", ""))
    keys = [(name, f"audit_entry_{name}_key") for name in ("seq", "prev", "hash")]
    with superuser(ledger.organization.schema_name) as raw:
        for _, key in keys:
            raw.execute(f"ALTER TABLE audit_entry DROP CONSTRAINT {key}")
        raw.execute("ALTER TABLE audit_payload DROP CONSTRAINT audit_payload_pkey")
    ledger.as_superuser("ALTER TABLE public.audit_platform_head DISABLE TRIGGER audit_platform_head_only_grows")
    yield ledger
    ledger.as_superuser("ALTER TABLE public.audit_platform_head ENABLE ALWAYS TRIGGER audit_platform_head_only_grows")
    ledger.start_over(0)
    with superuser(ledger.organization.schema_name) as raw:
        for name, key in keys:
            raw.execute(f"ALTER TABLE audit_entry ADD CONSTRAINT {key} UNIQUE ({name})")
        raw.execute("ALTER TABLE audit_payload ADD PRIMARY KEY (seq)")


def test_control_without_the_lock_the_same_appends_fork(without_locks: Ledger) -> None:
    def work(number: int) -> None:
        for index in range(EACH):
            without_locks.append(f"t{number}-{index}")

    together(work)
    ((doubled,),) = without_locks.rows("SELECT count(*) - count(DISTINCT seq) FROM audit_entry")
    assert doubled > 0
    assert "forked" in {kind for _, kind in without_locks.faults()}


def test_transactions_over_the_same_chains_never_wait_crosswise(ledger: Ledger, other_ledger: Ledger) -> None:
    """Half of the threads record in one order, half in the other; the writing has one order."""
    pair = (ledger.organization, other_ledger.organization)

    def work(number: int) -> None:
        for _ in range(20):
            first, second = pair if number % 2 else pair[::-1]
            with tenant_context(first), transaction.atomic():
                note("one")
                with tenant_context(second):
                    note("two")
                with platform_context():
                    note("three")

    assert together(work) == []
    for one in (ledger, other_ledger):
        assert one.check().total == 9 + THREADS * 20


def test_a_killed_writer_leaves_no_gap(ledger: Ledger) -> None:
    """The server ends the session between the append and the commit."""

    def kill() -> None:
        (pid,) = connection.cursor().execute("SELECT pg_backend_pid()").fetchone()
        with superuser() as raw:
            raw.execute("SELECT pg_terminate_backend(%s)", [pid])

    with tenant_context(ledger.organization):
        with pytest.raises(Exception, match=r"terminat|closed|connection"), transaction.atomic():
            note("lost")
            connection.before_commit(lambda: connection.before_commit(kill))
        connection.close()
        with transaction.atomic():
            note("next")
        assert names()[-2:] == ["n9", "next"]
    assert ledger.faults() == []


# The feed -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def heard() -> Iterator[list[tuple[UUID, list[AppendedEntry]]]]:
    """What subscribers were told."""
    told: list[tuple[UUID, list[AppendedEntry]]] = []

    def subscriber(tenant: UUID, entries: list[AppendedEntry]) -> None:
        told.append((tenant, entries))

    feed.on_appended(subscriber)
    feed.on_appended(subscriber)
    yield told
    feed.off_appended(subscriber)


def test_a_committed_batch_is_handed_to_the_feed_once(ledger: Ledger, heard: list[Any]) -> None:
    with tenant_context(ledger.organization), transaction.atomic():
        record("tests.thing.noted", "tests.thing:a", {"password": "hunter2", "n": 1}, actor=ACTOR)
        note("b")
        assert heard == []
    ((tenant, entries),) = heard
    assert tenant == ledger.organization.id
    assert [(entry.seq, entry.target) for entry in entries] == [(10, "tests.thing:a"), (11, "tests.thing:b")]
    assert entries[0].payload == {"password": "[masked]", "n": 1}


def test_what_is_rolled_back_is_told_to_nobody(ledger: Ledger, heard: list[Any]) -> None:
    with pytest.raises(ZeroDivisionError), tenant_context(ledger.organization), transaction.atomic():
        note("lost")
        raise ZeroDivisionError
    assert heard == []


def test_a_subscriber_that_fails_breaks_nothing(ledger: Ledger, heard: list[Any], caplog: Any) -> None:
    def fails(tenant: UUID, entries: list[AppendedEntry]) -> None:
        raise ZeroDivisionError

    feed.on_appended(fails)
    try:
        ledger.append("a")
    finally:
        feed.off_appended(fails)
    assert len(heard) == 1
    assert "A subscriber of the audit feed failed" in caplog.text


def test_subscribers_stand_in_the_context_of_the_chain(ledger: Ledger) -> None:
    seen: list[str] = []
    subscriber = feed.on_appended(lambda tenant, entries: seen.extend(names()[-1:]))
    try:
        with tenant_context(ledger.organization), transaction.atomic():
            note("a")
    finally:
        feed.off_appended(subscriber)
    assert seen == ["a"]


def test_an_unknown_tenant_has_no_chain_to_write_to(committed: None) -> None:
    from tenants.scope import Tenant

    ghost = Tenant(uuid4(), "t_" + "0" * 32, "ghost", "", "", "")
    with pytest.raises(Exception, match=r"does not exist|schema|denied"), tenant_context(ghost), transaction.atomic():
        note("lost")
    connection.close()
