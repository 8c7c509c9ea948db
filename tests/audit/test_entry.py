"""The format of an entry: published vectors, and properties that hold for any input."""

from __future__ import annotations

import enum
import hashlib
import json
import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import (
    GENESIS,
    MAX_SAFE_INTEGER,
    Entry,
    InvalidEntry,
    NotCanonical,
    canonical_payload,
    entry_hash,
    format_at,
    parse,
    parse_at,
    payload_digest,
    read_json,
)
from audit.masking import MASK, is_secret_name, mask_text

pytestmark = pytest.mark.promise("AUD-1")

DOCS = Path(__file__).resolve().parents[2] / "docs" / "audit-chain.md"
UUIDS = st.uuids()
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
HASHES = st.binary(min_size=32, max_size=32)
MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 1),  # noqa: DTZ001
    max_value=datetime(9998, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]),
)
ENTRIES = st.builds(
    Entry,
    tenant=UUIDS,
    seq=st.integers(1, MAX_SAFE_INTEGER),
    prev=HASHES,
    at=MOMENTS,
    actor=st.one_of(
        st.builds("{}:{}".format, st.sampled_from(["person", "key", "agent"]), UUIDS),
        st.builds("system:{}".format, NAMES),
    ),
    action=st.builds("{}.{}.{}".format, NAMES, NAMES, NAMES),
    target=st.builds(
        "{}.{}:{}".format, NAMES, NAMES, st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/@+~-]{0,40}", fullmatch=True)
    ),
    digest=HASHES,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def vectors() -> list[dict[str, Any]]:
    """The JSON blocks marked as vectors in the published document."""
    blocks = re.findall(r"```json vector\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return [json.loads(block) for block in blocks]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_published_vectors_hold(vector: dict[str, Any]) -> None:
    payload = canonical_payload(vector["payload"])
    assert payload.decode() == vector["payload_canonical"]
    assert payload_digest(bytes.fromhex(vector["salt"]), payload).hex() == vector["entry"]["digest"]
    fields = vector["entry"]
    entry = Entry(
        tenant=UUID(fields["tenant"]),
        seq=fields["seq"],
        prev=bytes.fromhex(fields["prev"]),
        at=parse_at(fields["at"]),
        actor=fields["actor"],
        action=fields["action"],
        target=fields["target"],
        digest=bytes.fromhex(fields["digest"]),
    )
    assert entry.canonical().decode() == vector["canonical"]
    assert entry_hash(entry.canonical()).hex() == vector["hash"]
    # And without our code: a JSON library and SHA-256.
    assert rfc8785.dumps(fields).decode() == vector["canonical"]
    assert hashlib.sha256(b"orchestrall.audit.v1\0" + vector["canonical"].encode()).hexdigest() == vector["hash"]


def test_the_published_vectors_make_a_chain() -> None:
    first, second = vectors()[:2]
    assert first["entry"]["prev"] == GENESIS.hex() == "0" * 64
    assert second["entry"]["prev"] == first["hash"]
    assert (first["entry"]["seq"], second["entry"]["seq"]) == (1, 2)


@given(ENTRIES)
def test_the_joined_bytes_are_those_of_rfc_8785(entry: Entry) -> None:
    fields: dict[str, Any] = {
        "v": entry.v,
        "tenant": str(entry.tenant),
        "seq": entry.seq,
        "prev": entry.prev.hex(),
        "at": format_at(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "digest": entry.digest.hex(),
    }
    if len(entry.action) <= 100:
        assert entry.canonical() == rfc8785.dumps(fields)


@given(ENTRIES)
def test_what_is_written_is_read_back(entry: Entry) -> None:
    again = parse(entry.canonical())
    assert again == entry
    assert again.canonical() == entry.canonical()


@given(ENTRIES, st.data())
def test_any_changed_byte_changes_the_hash_or_is_no_entry_any_more(entry: Entry, data: st.DataObject) -> None:
    canonical = bytearray(entry.canonical())
    position = data.draw(st.integers(0, len(canonical) - 1))
    canonical[position] ^= data.draw(st.integers(1, 255))
    assert entry_hash(bytes(canonical)) != entry_hash(entry.canonical())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(":", ": ", 1),
        lambda text: text.replace('"v":1', '"v":2'),
        lambda text: text.replace('"v":1', '"v":1.0'),
        lambda text: text.replace('"v":1', '"v":true'),
        lambda text: text.replace('"v":1', '"v":1,"v":1'),
        lambda text: text.replace('"v":1', '"v":1,"w":1'),
        lambda text: text.replace(',"v":1', ""),
        lambda text: text.replace("Z", "+00:00"),
        lambda text: text.replace(".000000Z", "Z"),
        lambda text: text.replace("2026-11-21", "2026-13-21"),
        lambda text: text.replace('"seq":7', '"seq":7.5'),
        lambda text: text.replace('"seq":7', '"seq":0'),
        lambda text: text.replace('"seq":7', '"seq":"7"'),
        lambda text: text.replace('"seq":7', '"seq":NaN'),
        lambda text: text.replace("system:tests", "system:\\u0074ests"),
        lambda text: text.replace("system:tests", "root"),
        lambda text: text.replace("00", "0g", 1),
        lambda text: text.replace("aaaa", "AAAA"),
        lambda text: f"[{text}]",
        lambda text: text[:-1],
        lambda text: "",
    ],
)
def test_reading_is_strict(spoil: Any) -> None:
    entry = Entry(
        UUID("aaaaaaaa-1111-4111-8111-111111111111"), 7, GENESIS, datetime(2026, 11, 21, tzinfo=UTC), "system:tests",
        "tests.thing.noted", "tests.thing:1", GENESIS,
    )  # fmt: skip
    spoilt = spoil(entry.canonical().decode())
    assert spoilt != entry.canonical().decode()
    with pytest.raises(NotCanonical):
        parse(spoilt.encode())


def test_bytes_that_are_no_utf_8_are_no_entry() -> None:
    with pytest.raises(NotCanonical):
        parse(b'{"action":"\xff"}')


@given(st.dictionaries(TEXTS, JSON, max_size=5))
def test_any_payload_becomes_canonical_json_that_says_the_same_again(payload: dict[str, Any]) -> None:
    data = canonical_payload(payload)
    again = read_json(data)
    assert canonical_payload(again) == data
    assert set(again) == set(payload)


@given(st.integers())
def test_integers_beyond_two_to_the_53_are_strings(number: int) -> None:
    value = read_json(canonical_payload({"n": number}))["n"]
    assert value == (number if abs(number) < 2**53 else str(number))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=10))
def test_decimals_are_strings_with_every_digit(amount: Decimal) -> None:
    value = read_json(canonical_payload({"cost": amount}))["cost"]
    assert isinstance(value, str)
    assert Decimal(value) == amount
    assert "E" not in value


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (UUID("11111111-1111-4111-8111-111111111111"), '"11111111-1111-4111-8111-111111111111"'),
        (datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=1))), '"2026-11-21T08:30:00.000000Z"'),
        (date(2026, 11, 21), '"2026-11-21"'),
        (Colour.RED, '"red"'),
        ((1, 2), "[1,2]"),
        (True, "true"),
        (1e21, '"1000000000000000000000"'),
        (1.5e-9, "1.5e-9"),
        (0.1, "0.1"),
        (5.0, "5"),
        ("\0\n€", '"\\u0000\\n€"'),
    ],
)
def test_values_have_one_spelling(value: Any, written: str) -> None:
    assert canonical_payload({"x": value}).decode() == f'{{"x":{written}}}'


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("Infinity"), "\ud800", b"bytes", {1, 2}, object(),
        datetime(2026, 1, 1), {1: "x"}, {None: "x"}, {"\udfff": 1}, deep(40), "x" * 2_000_000,  # noqa: DTZ001
    ],
)  # fmt: skip
def test_what_json_cannot_say_one_way_is_refused(value: Any) -> None:
    with pytest.raises(InvalidEntry):
        canonical_payload({"x": value})


def test_a_doubled_key_is_refused_when_reading() -> None:
    with pytest.raises(NotCanonical, match="twice"):
        read_json(b'{"a":1,"b":{"c":1,"c":2}}')


# Secrets ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "password", "new_password", "newPassword", "client_secret", "secret", "token", "access_token", "refreshToken",
        "api_key", "apiKey", "API-Key", "private_key", "Authorization", "cookie", "totp", "recovery_codes",
        "credentials", "APIKEY", "signing key",
    ],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)
    assert read_json(canonical_payload({name: "hunter2", "deep": [{name: ["hunter2", 7]}]})) == {
        name: MASK,
        "deep": [{name: [MASK, MASK]}],
    }


@pytest.mark.parametrize(
    "name",
    [
        "input_tokens",
        "output_tokens",
        "tokens",
        "key_id",
        "key_name",
        "key",
        "prefix",
        "has_password",
        "secretary",
        "monkey",
    ],
)
def test_names_that_merely_speak_of_secrets_are_left_alone(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_yes_no_and_nothing_are_no_secret(value: Any) -> None:
    assert read_json(canonical_payload({"password": value})) == {"password": value}


@pytest.mark.parametrize(
    "secret",
    [
        "ork_0123456789_abcdefghijklmnopqrstuvwxyz0123456789ABC",
        "sk-proj-abcdefghijklmnop1234",
        "Bearer abcdef.ghijkl-mnop",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
def test_credentials_inside_any_text_are_masked(secret: str) -> None:
    text = canonical_payload({"title": f"it fails with {secret} since monday", "list": [secret]}).decode()
    assert secret.split("\n", maxsplit=1)[0][:12] not in text
    assert "it fails with" in text


def test_passwords_in_addresses_are_masked() -> None:
    assert mask_text("postgresql://me:hunter2@db/x") == f"postgresql://{MASK}@db/x"
    assert mask_text("see https://acme.example:8000/x@y") == "see https://acme.example:8000/x@y"


@given(TEXTS)
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)
