"""Finding entries: filters that the indexes serve, on a hundred thousand entries as on ten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from audit import actions
from audit.models import Entry, Payload
from audit.platform.models import PlatformEntry, PlatformPayload
from audit.scope import current_scope

_HEX = re.compile(r"[0-9a-f]{6,64}")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,18}")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. `action`, `actor` and `target` are beginnings."""

    words: str = ""
    action: str = ""
    actor: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not any((self.words, self.action, self.actor, self.target, self.since, self.until))

    def condition(self) -> Q:
        """Return the condition on entries."""
        found = Q()
        if self.action:
            found &= prefix("action", self.action)
        if self.actor:
            found &= prefix("actor", self.actor)
        if self.target:
            found &= prefix("target", self.target)
        if self.since:
            found &= Q(at__gte=self.since)
        if self.until:
            found &= Q(at__lt=self.until)
        return found & by_words(self.words.strip())


def prefix(field: str, value: str) -> Q:
    """`tickets.` finds `tickets.ticket.opened`; the whole value finds itself."""
    return Q(**{f"{field}__startswith": value})


def by_words(words: str) -> Q:
    """A number, the beginning of a hash, an actor or target, or words of an action."""
    if not words:
        return Q()
    if _NUMBER.fullmatch(words):
        return Q(seq=int(words.replace(",", "")))
    plain = words.lower().replace(" ", "")
    if _HEX.fullmatch(plain):
        return _hash_begins(plain) | Q(target__icontains=words)
    if ":" in words:
        return Q(target__startswith=words) | Q(actor__startswith=words)
    named = [name for name, known in actions.registered().items() if _speaks_of(words.lower(), name, known.words)]
    spelled = Q()
    for word in words.lower().split():
        spelled &= Q(action__contains=word)
    return Q(action__in=named) | spelled | Q(target__icontains=words)


def _speaks_of(words: str, name: str, wording: str) -> bool:
    text = f"{name} {wording}".lower()
    return all(word in text for word in words.split())


def _hash_begins(digits: str) -> Q:
    low = bytes.fromhex(digits.ljust(64, "0"))
    return Q(hash__gte=low) & Q(hash__lte=bytes.fromhex(digits.ljust(64, "f")))


def entries() -> QuerySet[Any]:
    """All entries of the current scope's chain, newest first."""
    model: Any = PlatformEntry if current_scope().is_platform else Entry
    found: QuerySet[Any] = model.objects.all()
    return found


def payloads(seqs: list[int]) -> dict[int, Any]:
    """Payload rows of the current scope's chain by number."""
    model: Any = PlatformPayload if current_scope().is_platform else Payload
    return {row.seq: row for row in model.objects.filter(seq__in=seqs)}


def find_entries(filters: Filters, *, before: int | None = None, limit: int = 50) -> list[Any]:
    """Return up to `limit` entries, newest first, from below the number `before`."""
    found = entries().filter(filters.condition())
    if before is not None:
        found = found.filter(seq__lt=before)
    return list(found.order_by("-seq")[:limit])


def find_entry(seq: int) -> Any | None:
    return entries().filter(seq=seq).first()
