"""Appending to the chain: entries of a transaction are written as one batch, as its last statements.

`record()` only remembers. When the transaction is about to commit, what its savepoints left over is written: the
chain's head row is locked, the entries are numbered and bound to it, and the head moves on. So the lock is held for a
moment, an entry is committed with the change it describes or not at all (AUD-2), and two writers cannot fork.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from audit import feed
from audit.entry import (
    GENESIS,
    Entry,
    canonical_payload,
    check_fields,
    entry_hash,
    new_salt,
    payload_digest,
    read_json,
)
from audit.feed import AppendedEntry
from audit.scope import Scope, current_scope


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no place in the chain yet."""

    scope: Scope
    actor: str
    action: str
    target: str
    at: datetime
    payload: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """An entry that has found its place."""

    entry: Entry
    canonical: bytes
    hash: bytes
    salt: bytes
    payload: bytes


def record(
    action: str, target: str, payload: Mapping[str, Any] | None = None, *, actor: str, at: datetime | None = None
) -> None:
    """Add an entry to the chain of the current scope, in the open transaction.

    `actor` is `person:UUID`, `key:UUID`, `agent:UUID` or `system:NAME`, `target` is `app.noun:ID`, `at` is the time of
    the event (now). Secrets in `payload` are masked. The entry is written just before COMMIT; rolling back a savepoint
    drops what was recorded inside it. Raises TransactionManagementError without an open transaction, InvalidEntry for
    fields or payloads that break the format, and whatever the scope provider raises outside any context.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("audit.chain.record() needs an open transaction.")
    at = at or timezone.now()
    check_fields(actor, action, target, at)
    draft = Draft(current_scope(), actor, action, target, at, canonical_payload(payload))
    connection.before_commit(partial(_open_batch().add, draft))


class Batch:
    """What one transaction has to append, over all the chains it touches."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []

    def add(self, draft: Draft) -> None:
        """Take a draft that has survived to the end of the transaction; the first one asks for the writing."""
        if not self.drafts:
            connection.before_commit(self.write)
        self.drafts.append(draft)

    def write(self) -> None:
        """Append the drafts, chain by chain in the order of their ids: two transactions never wait crosswise."""
        drafts, self.drafts = self.drafts, []
        for tenant in sorted({draft.scope.tenant for draft in drafts}):
            mine = [draft for draft in drafts if draft.scope.tenant == tenant]
            append(mine[0].scope, mine)


def _open_batch() -> Batch:
    """The connection's batch. One that has begun to fill belongs to a commit that failed half-way, and is left."""
    batch: Batch | None = getattr(connection, "_audit_batch", None)
    if batch is None or batch.drafts:
        batch = Batch()
        connection._audit_batch = batch
    return batch


def append(scope: Scope, drafts: list[Draft]) -> None:
    """Write drafts to one chain inside the open transaction, and tell the feed once it has committed."""
    with scope.enter(), connection.cursor() as cursor:
        seq, prev = _lock_head(cursor, scope)
        links = bind(scope, seq, prev, drafts)
        _insert(cursor, scope, links)
    transaction.on_commit(partial(_publish, scope, links), robust=True)


def bind(scope: Scope, seq: int, prev: bytes, drafts: list[Draft]) -> list[Link]:
    """Number drafts from `seq + 1` and bind each to the one before, the first to `prev`."""
    links = []
    for draft in drafts:
        seq += 1
        salt = new_salt()
        entry = Entry(
            tenant=scope.tenant,
            seq=seq,
            prev=prev,
            at=draft.at,
            actor=draft.actor,
            action=draft.action,
            target=draft.target,
            digest=payload_digest(salt, draft.payload),
        )
        canonical = entry.canonical()
        prev = entry_hash(canonical)
        links.append(Link(entry, canonical, prev, salt, draft.payload))
    return links


_LOCK = "SELECT seq, hash FROM public.audit_platform_head WHERE tenant = %s FOR UPDATE"
_FIRST = (
    "INSERT INTO public.audit_platform_head (tenant, seq, hash, count, updated_at)"
    " VALUES (%s, 0, %s, 0, now()) ON CONFLICT (tenant) DO NOTHING"
)


def _lock_head(cursor: Any, scope: Scope) -> tuple[int, bytes]:
    cursor.execute(_LOCK, [scope.tenant])
    row = cursor.fetchone()
    if row is None:
        cursor.execute(_FIRST, [scope.tenant, GENESIS])
        cursor.execute(_LOCK, [scope.tenant])
        row = cursor.fetchone()
    return row[0], bytes(row[1])


# One statement for the whole batch: the lock is held for two round trips and the commit.
_INSERT = """
WITH entries AS (
    INSERT INTO {entry} (seq, prev, hash, canonical, at, actor, action, target)
    SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[], %b::bytea[], %b::timestamptz[],
                         %b::text[], %b::text[], %b::text[])
), payloads AS (
    INSERT INTO {payload} (seq, entry_hash, salt, canonical)
    SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[], %b::bytea[])
)
UPDATE public.audit_platform_head SET seq = %b, hash = %b, count = count + %b, updated_at = now() WHERE tenant = %b
"""
_INSERT_TENANT = _INSERT.format(entry="audit_entry", payload="audit_payload")
_INSERT_PLATFORM = _INSERT.format(entry="public.audit_platform_entry", payload="public.audit_platform_payload")


def _insert(cursor: Any, scope: Scope, links: list[Link]) -> None:
    statement = _INSERT_PLATFORM if scope.is_platform else _INSERT_TENANT
    seqs = [link.entry.seq for link in links]
    hashes = [link.hash for link in links]
    parameters = [
        seqs,
        [link.entry.prev for link in links],
        hashes,
        [link.canonical for link in links],
        [link.entry.at for link in links],
        [link.entry.actor for link in links],
        [link.entry.action for link in links],
        [link.entry.target for link in links],
        seqs,
        hashes,
        [link.salt for link in links],
        [link.payload for link in links],
        seqs[-1],
        hashes[-1],
        len(links),
        scope.tenant,
    ]
    # A bare cursor on the connection that Django's has just sent to the right schema: it binds on the server and in
    # binary, where Django's would spell out every byte of every array.
    with connection.wrap_database_errors, psycopg.Cursor(cursor.connection) as bare:
        bare.execute(statement, parameters)


def _publish(scope: Scope, links: list[Link]) -> None:
    with scope.enter():
        feed.publish(scope.tenant, [_appended(link) for link in links])


def _appended(link: Link) -> AppendedEntry:
    entry = link.entry
    return AppendedEntry(
        tenant=entry.tenant,
        seq=entry.seq,
        hash=link.hash.hex(),
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        payload=read_json(link.payload),
    )
