"""The audit chain: appends per second, and entries verified per second.

Django is set up by whoever imports this. Alone: `manage.py shell -c "from bench.chain import main; main()"`. Founds
eight organizations, measures, and deletes them again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest import mock
from uuid import uuid4

from django.db import connection, transaction

from audit.chain import record
from audit.reader import ChainReader
from audit.scope import find_scope
from audit.verifier import verify
from tenants import lifecycle, provisioning
from tenants.context import platform_context, tenant_context
from tenants.models import Organization

WRITERS = 8
SECONDS = 5.0
BATCH = 50
ENTRIES = 200_000

Figure = tuple[str, float, str]


def record_one(number: int) -> None:
    """One entry as a ticket's change writes it."""
    payload = {"number": f"INC-{number:06}", "title": "VPN drops every day at nine", "priority": 2, "state": "open"}
    record("bench.ticket.opened", f"bench.ticket:INC-{number:06}", payload, actor="system:bench")


def appends_per_second(organizations: Sequence[Organization], *, batch: int = 1, seconds: float = SECONDS) -> float:
    """Entries committed per second by eight threads, `batch` a transaction, spread over the organizations."""
    written, barrier = [0] * WRITERS, threading.Barrier(WRITERS + 1)

    def write(writer: int) -> None:
        organization = organizations[writer % len(organizations)]
        barrier.wait()
        end = time.perf_counter() + seconds
        try:
            while time.perf_counter() < end:
                with tenant_context(organization), transaction.atomic():
                    for number in range(batch):
                        record_one(number)
                written[writer] += batch
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[writer]) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(written) / (time.perf_counter() - started)


def fill(organization: Organization, entries: int) -> None:
    """Append `entries` in large batches."""
    for start in range(0, entries, 2000):
        with tenant_context(organization), transaction.atomic():
            for number in range(start, min(start + 2000, entries)):
                record_one(number)


def verified_per_second(organization: Organization) -> float:
    """Entries per second of a full check, reading and payloads included. Raises when the chain is not whole."""
    scope = find_scope(organization.slug)
    assert scope is not None
    reader = ChainReader(scope)
    memory = reader.memory()
    started = time.perf_counter()
    report = verify(reader.rows(memory), memory, find=reader.find)
    took = time.perf_counter() - started
    if not report.is_whole:
        raise RuntimeError(f"The chain is not whole: {report.faults[0]}")
    return report.checked / took


def measure(
    organizations: Sequence[Organization], *, seconds: float = SECONDS, entries: int = ENTRIES
) -> Iterator[Figure]:
    """Yield the figures, given eight organizations."""
    yield "chain_appends_one_tenant", appends_per_second(organizations[:1], seconds=seconds), "entries/s"
    yield "chain_appends_eight_tenants", appends_per_second(organizations, seconds=seconds), "entries/s"
    yield (
        "chain_appends_one_tenant_batches_of_50",
        appends_per_second(organizations[:1], batch=BATCH, seconds=seconds),
        "entries/s",
    )
    fill(organizations[0], entries)
    yield "chain_entries_verified", verified_per_second(organizations[0]), "entries/s"


@contextmanager
def organizations_for_a_while(count: int) -> Iterator[list[Organization]]:
    """Found organizations, and delete all of them again."""
    made: list[Organization] = []
    with platform_context():
        try:
            with mock.patch.object(provisioning, "_start_job"):
                for number in range(count):
                    slug = f"bench-{uuid4().hex[:8]}"
                    new = provisioning.NewOrganization(f"Bench {number}", slug, options={"plan": "enterprise"})
                    made.append(provisioning.create_organization(new, actor="system:bench"))
            yield [provisioning.provision(organization.id) for organization in made]
        finally:
            with mock.patch.object(lifecycle, "_start_deletion"):
                for organization in made:
                    lifecycle.request_deletion(organization, actor="system:bench")
                    lifecycle.delete_organization(organization.id, actor="system:bench")


def main(say: Callable[[str], None] = print) -> None:
    """Print one line a figure: name, value, unit."""
    with organizations_for_a_while(8) as organizations:
        for name, value, unit in measure(organizations):
            say(f"{name} {value:.0f} {unit}")
