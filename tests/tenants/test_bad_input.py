"""What strangers send to the REST API is refused with words and never ends in a fault of ours."""

from __future__ import annotations

import base64
from typing import Any

import pytest

LISTS = ["agents", "roles", "tickets", "conversations", "messages", "audit/entries", "routing/decisions"]
LISTS += ["billing/usage-records", "organizations"]
POSITIONS = ["abc", "\0", "", "1e5", "2020-99-99", "9" * 40, "9999-12-31T23:59:59-14:00"]


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_that_no_page_gave_is_refused(client_of: Any, cast: Any, name: str) -> None:
    client = client_of(cast.alice, cast.acme)
    for position in POSITIONS:
        cursor = base64.b64encode(f"p={position}".encode()).decode()
        answer = client.get(f"/api/v1/{name}/", {"cursor": cursor})
        assert answer.status_code in (200, 404), (position, answer.content)
        assert answer.status_code == 200 or answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("agents/", b'{"name": "A", "slug": "a", "role": "a\\u0000b"}'),
        ("agents/", b'{"name": "A", "slug": "a", "role": "\\ud800"}'),
        ("hierarchy/", b'{"agent": "front-desk", "manager": "\\udfff"}'),
        ("tickets/", b'{"title": "T", "kind": "\\ud800"}'),
        ("tickets/", b'{"title": "T", "\\ud800": 1}'),
        ("tickets/", b'{"title": "\xed\xa0\x80"}'),
        ("api-keys/", b'{"name": "k", "scopes": ["\\ud800"]}'),
    ],
)
def test_text_that_cannot_be_stored_is_refused_in_any_field(client_of: Any, cast: Any, path: str, body: bytes) -> None:
    answer = client_of(cast.alice, cast.acme).post(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert "surrogate" in answer.json()["detail"]


def test_a_session_cookie_with_odd_characters_is_nobodys(client_of: Any, cast: Any) -> None:
    client = client_of(None, cast.acme)
    for value in (r'"aaaaaaaaaaaa\000"', r'"aaaaaaaaaaaa\355\240\200"', "../../../aaaa"):
        assert client.get("/api/v1/me/", headers={"Cookie": f"sessionid={value}"}).status_code == 401
