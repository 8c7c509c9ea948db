"""Appending: with its change or not at all, in one line without forks."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from audit.chain import record
from audit.entry import entry_hash, parse, payload_digest
from audit.models import Entry, Payload
from audit.platform.models import Head

ACTOR = "system:tests"


def note(name: str = "one", **payload: Any) -> None:
    record("tests.thing.noted", f"tests.thing:{name}", payload or {"name": name}, actor=ACTOR)


def names() -> list[str]:
    return [entry.target.partition(":")[2] for entry in Entry.objects.filter(actor=ACTOR, action="tests.thing.noted")]


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
