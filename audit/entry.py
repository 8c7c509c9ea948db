"""One audit entry: its fields, its canonical bytes, its hash. Pure Python; the format is in docs/audit-chain.md.

An entry is nine fields, written as canonical JSON (RFC 8785). Its hash is SHA-256 over a prefix and those bytes; the
next entry carries that hash in `prev`. The payload stands apart: the entry holds a salted digest of it, so that erasing
the payload leaves the chain whole.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import rfc8785

from audit.masking import masked

VERSION = 1
PREFIX = b"orchestrall.audit.v1\0"
GENESIS = bytes(32)
"""The `prev` of a chain's first entry."""
SALT_BYTES = 16
MAX_SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 32
MAX_PAYLOAD_BYTES = 1024 * 1024

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ACTOR = re.compile(rf"(?:(?:person|key|agent):{_UUID}|system:[a-z][a-z0-9_.-]{{0,62}})")
ACTION = re.compile(r"(?=.{5,100}\Z)[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){2}")
# No character of these grammars is escaped in JSON: the canonical bytes follow from the fields by plain joining.
TARGET = re.compile(r"(?=.{4,255}\Z)[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*:[A-Za-z0-9][A-Za-z0-9._:/@+~-]*")
AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_HEX = re.compile(r"[0-9a-f]{64}")
_KEYS = ("action", "actor", "at", "digest", "prev", "seq", "target", "tenant", "v")


class InvalidEntry(ValueError):
    """A field of an entry, or its payload, breaks the format; nothing was written."""


class NotCanonical(InvalidEntry):
    """Stored bytes are no canonical entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The nine fields of an entry. `prev` and `digest` are raw SHA-256 values, `at` is aware."""

    tenant: UUID
    seq: int
    prev: bytes
    at: datetime
    actor: str
    action: str
    target: str
    digest: bytes
    v: int = VERSION

    def canonical(self) -> bytes:
        """Return the canonical bytes. Raises InvalidEntry naming the field that breaks the format."""
        check_fields(self.actor, self.action, self.target, self.at)
        if type(self.v) is not int or self.v != VERSION:
            raise InvalidEntry(f"v is {self.v!r}, this code writes version {VERSION}.")
        if not isinstance(self.seq, int) or isinstance(self.seq, bool) or not 1 <= self.seq <= MAX_SAFE_INTEGER:
            raise InvalidEntry(f"seq is {self.seq!r}, it counts from 1.")
        if len(self.prev) != 32 or len(self.digest) != 32:
            raise InvalidEntry("prev and digest are SHA-256 values of 32 bytes.")
        return (
            f'{{"action":"{self.action}","actor":"{self.actor}","at":"{format_at(self.at)}",'
            f'"digest":"{self.digest.hex()}","prev":"{self.prev.hex()}","seq":{self.seq},'
            f'"target":"{self.target}","tenant":"{self.tenant}","v":{self.v}}}'
        ).encode()


def check_fields(actor: str, action: str, target: str, at: datetime) -> None:
    """Raise InvalidEntry for the first field that breaks its grammar."""
    if not isinstance(actor, str) or not ACTOR.fullmatch(actor):
        raise InvalidEntry(f"actor is {actor!r}; allowed are person:UUID, key:UUID, agent:UUID and system:NAME.")
    if not isinstance(action, str) or not ACTION.fullmatch(action):
        raise InvalidEntry(f"action is {action!r}; allowed is app.noun.past_participle in lower case.")
    if not isinstance(target, str) or not TARGET.fullmatch(target):
        raise InvalidEntry(f"target is {target!r}; allowed is app.noun:ID, with an ID of A-Z a-z 0-9 . _ : / @ + ~ -.")
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise InvalidEntry(f"at is {at!r}; it is an aware datetime.")


def entry_hash(canonical: bytes) -> bytes:
    """Return the hash of an entry's canonical bytes."""
    return hashlib.sha256(PREFIX + canonical).digest()


def format_at(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with microseconds: 2026-11-21T08:30:00.000000Z."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def parse_at(text: str) -> datetime:
    """Read what `format_at` wrote. Raises NotCanonical."""
    if not isinstance(text, str) or not AT.fullmatch(text):
        raise NotCanonical(f"at is {text!r}; it is RFC 3339 in UTC with six decimals.")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise NotCanonical(f"at is {text!r}: {error}.") from None


# Payloads -----------------------------------------------------------------------------------------------------------


def payload_digest(salt: bytes, canonical_payload: bytes) -> bytes:
    """Return the digest an entry carries: SHA-256 of the 16-byte salt followed by the payload's canonical bytes."""
    return hashlib.sha256(salt + canonical_payload).digest()


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def canonical_payload(payload: Mapping[str, Any] | None) -> bytes:
    """Return a payload as canonical bytes, with secrets masked.

    Decimals, integers beyond 2^53 - 1, UUIDs, dates and moments become strings. Raises InvalidEntry for what JSON
    cannot say the same way twice: NaN and infinities, lone surrogates, bytes, sets, keys that are no strings, nesting
    deeper than 32, more than 1 MiB.
    """
    plain = plain_value(dict(payload or {}))
    data: bytes = rfc8785.dumps(masked(plain))
    if len(data) > MAX_PAYLOAD_BYTES:
        raise InvalidEntry(f"The payload has {len(data)} bytes; allowed are {MAX_PAYLOAD_BYTES}.")
    return data


def plain_value(value: Any, depth: int = 0) -> Any:
    """Turn a value into what canonical JSON holds. Raises InvalidEntry, see `canonical_payload`."""
    if depth > MAX_DEPTH:
        raise InvalidEntry(f"The payload is nested deeper than {MAX_DEPTH}.")
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return int(value) if abs(value) <= MAX_SAFE_INTEGER else str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidEntry(f"{value!r} is no number that JSON knows.")
        # JSON would write a large whole float as an integer that readers take for another number.
        return str(int(value)) if value.is_integer() and abs(value) > MAX_SAFE_INTEGER else value
    if isinstance(value, Mapping):
        return {_key(key): plain_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item, depth + 1) for item in value]
    return _text(_spelled(value))


def _spelled(value: Any) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidEntry(f"{value!r} is no number that JSON knows.")
        return format(value, "f")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidEntry(f"{value!r} says no time zone.")
        return format_at(value)
    if isinstance(value, date):
        return value.isoformat()
    raise InvalidEntry(f"A {type(value).__name__} cannot stand in a payload.")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise InvalidEntry(f"The key {key!r} of a payload is no string.")
    return _text(key)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidEntry("A string of the payload holds a lone surrogate.") from None
    return str(value)


# Reading ------------------------------------------------------------------------------------------------------------


def parse(canonical: bytes) -> Entry:
    """Read stored canonical bytes back, strictly. Raises NotCanonical for the smallest deviation."""
    fields = read_json(canonical)
    if not isinstance(fields, dict) or tuple(sorted(fields)) != _KEYS:
        raise NotCanonical("An entry has exactly the fields " + ", ".join(_KEYS) + ".")
    for name in ("prev", "digest"):
        if not isinstance(fields[name], str) or not _HEX.fullmatch(fields[name]):
            raise NotCanonical(f"{name} is {fields[name]!r}; it is 64 hexadecimal digits.")
    try:
        entry = Entry(
            tenant=UUID(fields["tenant"]),
            seq=fields["seq"],
            prev=bytes.fromhex(fields["prev"]),
            at=parse_at(fields["at"]),
            actor=fields["actor"],
            action=fields["action"],
            target=fields["target"],
            digest=bytes.fromhex(fields["digest"]),
            v=fields["v"],
        )
        again = entry.canonical()
    except NotCanonical:
        raise
    except (InvalidEntry, ValueError, TypeError, AttributeError) as error:
        raise NotCanonical(str(error)) from None
    if again != bytes(canonical):
        raise NotCanonical("The bytes are not the canonical form of their fields.")
    return entry


def read_json(data: bytes) -> Any:
    """Parse JSON, refusing what would be read in two ways: doubled keys, NaN, bytes that are no UTF-8."""
    try:
        return json.loads(bytes(data).decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except NotCanonical:
        raise
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NotCanonical(f"Not JSON: {error}") from None


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotCanonical(f"The key {key!r} stands there twice.")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise NotCanonical(f"{name} is no number that JSON knows.")
