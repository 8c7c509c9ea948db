"""REST of the audit chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from celery import current_app
from django.db import transaction

from audit import verification
from audit.entry import entry_hash
from audit.models import Entry
from tenants.context import tenant_context
from tests.audit.conftest import note

pytestmark = pytest.mark.promise("API-3")
ClientOf = Callable[..., Any]
ENTRIES = "/api/v1/audit/entries/"
VERIFY = "/api/v1/audit/verify/"


@pytest.fixture
def noted(acme: Any) -> None:
    with tenant_context(acme), transaction.atomic():
        for number in range(5):
            note(f"n{number}")


def test_entries_come_newest_first_with_their_hashed_bytes(key_client: ClientOf, cast: Any, noted: None) -> None:
    answer = key_client(cast.acme).get(ENTRIES, {"action": "tests."}).json()
    assert [entry["target"] for entry in answer["results"]] == [f"tests.thing:n{n}" for n in (4, 3, 2, 1, 0)]
    first = answer["results"][0]
    assert entry_hash(first["canonical"].encode()).hex() == first["hash"]
    assert first["payload"] == {"name": "n4"}
    assert first["prev"] == answer["results"][1]["hash"]
    assert (first["actor_name"], first["words"]) == ("Tests", "noted thing")


def test_pages_follow_each_other(key_client: ClientOf, cast: Any, noted: None) -> None:
    client = key_client(cast.acme)
    page = client.get(ENTRIES, {"action": "tests.", "page_size": 2}).json()
    seen = [entry["seq"] for entry in page["results"]]
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += [entry["seq"] for entry in page["results"]]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ({"actor": "system:tests", "action": "tests."}, 5),
        ({"target": "tests.thing:n3"}, 1),
        ({"action": "tests.", "since": "2020-01-01T00:00:00Z"}, 5),
        ({"action": "tests.", "until": "2020-01-01T00:00:00Z"}, 0),
        ({"q": "n2"}, 1),
    ],
)
def test_filters(key_client: ClientOf, cast: Any, noted: None, query: dict[str, str], hits: int) -> None:
    assert len(key_client(cast.acme).get(ENTRIES, query).json()["results"]) == hits


def test_a_bad_filter_is_a_problem_document(key_client: ClientOf, cast: Any) -> None:
    answer = key_client(cast.acme).get(ENTRIES, {"since": "yesterday"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "since" in answer.json()["errors"]


def test_one_entry_by_its_number(key_client: ClientOf, cast: Any, noted: None) -> None:
    with tenant_context(cast.acme):
        seq = Entry.objects.first().seq
    client = key_client(cast.acme)
    assert client.get(f"{ENTRIES}{seq}/").json()["seq"] == seq
    assert client.get(f"{ENTRIES}99999999/").status_code == 404
    assert client.get(f"{ENTRIES}x/").status_code == 404


def test_reading_by_rest_is_logged_too(key_client: ClientOf, cast: Any) -> None:
    client = key_client(cast.acme)
    client.get(ENTRIES)
    newest = client.get(ENTRIES, {"action": "audit.log.viewed"}).json()["results"][0]
    assert newest["payload"]["way"] == "api"
    assert newest["actor"].startswith("key:")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_entries_cannot_be_written(key_client: ClientOf, cast: Any, method: str) -> None:
    assert getattr(key_client(cast.acme), method)(ENTRIES).status_code in {403, 405}


def test_who_may(key_client: ClientOf, client_of: ClientOf, cast: Any) -> None:
    assert client_of(None, cast.acme).get(ENTRIES).status_code in {401, 403}
    assert client_of(cast.charlie, cast.acme).get(ENTRIES).status_code in {401, 403}
    assert client_of(cast.vera, cast.acme).get(ENTRIES).status_code == 200
    assert client_of(cast.vera, cast.acme).post(VERIFY).status_code == 403
    assert key_client(cast.acme, scopes=["chat"]).get(ENTRIES).status_code == 403
    assert key_client(cast.acme, scopes=["read"]).post(VERIFY).status_code == 403


@pytest.mark.promise("AUD-3")
def test_a_verification_is_started_followed_and_found_again(
    key_client: ClientOf, cast: Any, noted: None, django_capture_on_commit_callbacks: Any
) -> None:
    client = key_client(cast.acme)
    assert client.get(VERIFY).status_code == 404
    with mock.patch.object(current_app, "send_task"), django_capture_on_commit_callbacks(execute=True):
        started = client.post(VERIFY, {}, content_type="application/json")
    assert started.status_code == 202
    run = started.json()
    assert (run["state"], run["full"]) == ("waiting", True)
    with tenant_context(cast.acme):
        verification.perform(run["id"])
    done = client.get(f"{VERIFY}{run['id']}/").json()
    assert (done["state"], done["faults"]) == ("whole", [])
    assert done["checked"] == done["total"] > 0
    assert client.get(VERIFY).json() == done


@pytest.mark.promise("TEN-3")
def test_another_organizations_run_is_not_found(key_client: ClientOf, cast: Any) -> None:
    run = key_client(cast.acme).post(VERIFY, {}, content_type="application/json").json()
    assert key_client(cast.meridian).get(f"{VERIFY}{run['id']}/").status_code == 404
    assert key_client(cast.acme).get(f"{VERIFY}{uuid4()}/").status_code == 404


def test_a_body_that_is_no_answer_is_refused(key_client: ClientOf, cast: Any) -> None:
    assert key_client(cast.acme).post(VERIFY, "{", content_type="application/json").status_code == 400
    assert key_client(cast.acme).post(VERIFY, {"full": "x"}, content_type="application/json").status_code == 400
