"""The audit pages: list, filters, one entry, the verdict and the button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
import time_machine
from celery import current_app
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import verification
from audit.chain import record
from audit.models import Entry
from audit.platform.models import VerificationRun
from tenants.context import platform_context, tenant_context
from tests.audit.conftest import note

pytestmark = pytest.mark.promise("AUD-7")

ClientOf = Callable[..., Any]


@pytest.fixture
def noted(acme: Any) -> list[int]:
    """Sixty entries by tests, one of Alice's, and their numbers."""
    with tenant_context(acme), transaction.atomic():
        for number in range(60):
            note(f"n{number}")
    with tenant_context(acme):
        return list(Entry.objects.order_by("-seq").values_list("seq", flat=True)[:60])


def body(response: Any) -> str:
    assert response.status_code == 200, response.content[:2000]
    text: str = response.content.decode()
    return text


def test_the_log_shows_who_did_what_with_hashes(client_of: ClientOf, cast: Any, noted: list[int]) -> None:
    with tenant_context(cast.acme):
        newest = Entry.objects.first()
    page = body(client_of(cast.alice, cast.acme).get("/audit/"))
    assert "Audit chain" in page
    assert f"{newest.hash_hex[:4]}…{newest.hash_hex[-4:]}" in page
    assert "noted thing" in page
    assert "<b>Tests</b>" in page


def test_it_pages_by_number_without_counting_the_table(client_of: ClientOf, cast: Any, noted: list[int]) -> None:
    client = client_of(cast.alice, cast.acme)
    client.get("/audit/")
    with CaptureQueriesContext(connection) as queries:
        first = body(client.get("/audit/?actor=system:tests"))
    assert not [q for q in queries if "COUNT(" in q["sql"].upper() and "audit_entry" in q["sql"]]
    assert first.count('class="o-link"') == 50
    second = body(client.get(f"/audit/?actor=system:tests&before={noted[49]}"))
    assert second.count('class="o-link"') == 10


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("action=tests.", 60),
        ("action=tests.thing.noted", 60),
        ("action=tickets.", 0),
        ("actor=system:tests", 60),
        ("target=tests.thing:n5", 11),
        ("q=thing noted", 60),
        ("q=n59", 1),
        ("when=today&action=tests.", 60),
        ("until=2020-01-01", 0),
        ("since=2020-01-01&action=tests.", 60),
    ],
)
def test_filters_find(client_of: ClientOf, cast: Any, noted: list[int], query: str, hits: int) -> None:
    page = body(client_of(cast.alice, cast.acme).get(f"/audit/?{query}"))
    assert page.count('class="o-link"') == min(hits, 50)
    assert ("No entries match" in page) == (hits == 0)


def test_a_number_and_the_beginning_of_a_hash_find_their_entry(
    client_of: ClientOf, cast: Any, noted: list[int]
) -> None:
    with tenant_context(cast.acme):
        entry = Entry.objects.get(seq=noted[7])
    client = client_of(cast.alice, cast.acme)
    for words in (str(entry.seq), entry.hash_hex[:12], entry.hash_hex):
        page = body(client.get("/audit/", {"q": words}))
        assert page.count('class="o-link"') == 1
        assert f'data-seq="{entry.seq}"' in page


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=-1",
        "before=9999999999999999999999",
        "when=never",
        "since=nonsense",
        "until=9999-12-31",
        "q=%00",
        "q=" + "x" * 999,
    ],
)
def test_nonsense_in_the_filters_is_no_failure(client_of: ClientOf, cast: Any, query: str) -> None:
    body(client_of(cast.alice, cast.acme).get(f"/audit/?{query}"))


def test_one_entry_opens_with_its_bytes_hashes_and_neighbours(client_of: ClientOf, cast: Any, noted: list[int]) -> None:
    with tenant_context(cast.acme):
        entry = Entry.objects.get(seq=noted[5])
    page = body(client_of(cast.vera, cast.acme).get(f"/audit/{entry.seq}/"))
    assert entry.hash_hex in page
    assert entry.prev_hex in page
    assert "points to the stored hash" in page
    assert f"/audit/{entry.seq - 1}/" in page
    assert f"/audit/{entry.seq + 1}/" in page
    assert "&quot;tests.thing:n54&quot;" in page


def test_names_are_escaped(client_of: ClientOf, cast: Any) -> None:
    with tenant_context(cast.acme), transaction.atomic():
        note("evil", name="<script>alert(1)</script>")
    with tenant_context(cast.acme):
        seq = Entry.objects.first().seq
    assert "<script>alert(1)" not in body(client_of(cast.alice, cast.acme).get(f"/audit/{seq}/"))


def test_reading_the_log_is_logged_once_in_a_quarter_of_an_hour(client_of: ClientOf, cast: Any) -> None:
    def views() -> int:
        with tenant_context(cast.acme):
            return int(Entry.objects.filter(action="audit.log.viewed", actor=cast.vera.actor).count())

    client = client_of(cast.vera, cast.acme)
    page = body(client.get("/audit/"))
    with tenant_context(cast.acme):
        seq = Entry.objects.filter(action="audit.log.viewed").first().seq
    assert f"entry {seq:,}" in page
    client.get("/audit/?q=x")
    assert views() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        client.get("/audit/")
    assert views() == 2


def test_an_entry_that_is_not_there_is_not_found(client_of: ClientOf, cast: Any) -> None:
    assert client_of(cast.alice, cast.acme).get("/audit/999999/").status_code == 404


def test_strangers_are_sent_to_the_login_and_viewers_may_not_verify(client_of: ClientOf, cast: Any) -> None:
    assert client_of(None, cast.acme).get("/audit/").status_code == 302
    assert client_of(cast.charlie, cast.acme).get("/audit/").status_code == 302
    viewer = client_of(cast.vera, cast.acme)
    assert "Verify now" not in body(viewer.get("/audit/"))
    assert viewer.post("/audit/verify/").status_code == 403
    assert client_of(cast.alice, cast.acme).get("/audit/verify/").status_code == 405


def test_the_button_queues_a_run_and_the_page_follows_it(
    client_of: ClientOf, cast: Any, noted: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    client = client_of(cast.alice, cast.acme)
    assert "has not been verified yet" in body(client.get("/audit/"))
    with mock.patch.object(current_app, "send_task") as send:
        with django_capture_on_commit_callbacks(execute=True):
            answer = body(client.post("/audit/verify/", headers={"HX-Request": "true"}))
    with platform_context():
        run = VerificationRun.objects.get(tenant=cast.acme.id)
    send.assert_called_once_with("audit.tasks.verify_chain", args=[str(cast.acme.id), str(run.public_id)])
    assert 'hx-trigger="every 1s"' in answer
    with tenant_context(cast.acme):
        verification.perform(run.public_id)
        total = Entry.objects.count()
    after = client.get("/audit/verdict/?running=1")
    assert after.headers["HX-Refresh"] == "true"
    assert "The chain is whole" in body(after)
    assert f"{total - 1} of {total - 1} entries" in body(after)
    with tenant_context(cast.acme):
        assert Entry.objects.first().action == "audit.chain.verified"


def test_a_second_press_joins_the_run_under_way(client_of: ClientOf, cast: Any) -> None:
    client = client_of(cast.alice, cast.acme)
    assert client.post("/audit/verify/").status_code == 302
    client.post("/audit/verify/")
    with platform_context():
        assert VerificationRun.objects.filter(tenant=cast.acme.id).count() == 1


def test_a_broker_that_is_away_is_said(client_of: ClientOf, cast: Any, django_capture_on_commit_callbacks: Any) -> None:
    client = client_of(cast.alice, cast.acme)
    with mock.patch.object(current_app, "send_task", side_effect=ConnectionError):
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/audit/verify/")
    assert "could not be queued" in body(client.get("/audit/"))


def broken(cast: Any, seq: int) -> VerificationRun:
    fault = {"seq": seq, "kind": "edited", "words": "its text differs from its hash"}
    with platform_context():
        run: VerificationRun = VerificationRun.objects.create(
            tenant=cast.acme.id, state="broken", actor="system:tests", checked=60, total=60, faults=[fault],
            started_at=timezone.now(), finished_at=timezone.now(),
        )  # fmt: skip
    return run


def test_a_broken_chain_shows_the_break_and_what_to_do(client_of: ClientOf, cast: Any, noted: list[int]) -> None:
    broken(cast, noted[10])
    page = body(client_of(cast.alice, cast.acme).get("/audit/"))
    assert f"The chain is broken at entry {noted[10]}" in page
    assert "Around the break" in page
    assert "What to do" in page
    assert "o-link-bad" in page
    assert "All entries" in page
    assert "Around the break" not in body(client_of(cast.alice, cast.acme).get("/audit/?all=1"))


def test_the_report_holds_the_evidence(client_of: ClientOf, cast: Any, noted: list[int]) -> None:
    run = broken(cast, noted[10])
    client = client_of(cast.vera, cast.acme)
    report = client.get(f"/audit/runs/{run.public_id}/report/")
    assert report.headers["Content-Disposition"].startswith("attachment")
    (fault,) = report.json()["faults"]
    assert (fault["seq"], fault["kind"], len(fault["stored"])) == (noted[10], "edited", 1)
    assert client.get(f"/audit/runs/{uuid4()}/report/").status_code == 404
    other = client_of(cast.charlie, cast.meridian)
    assert other.get(f"/audit/runs/{run.public_id}/report/").status_code == 404


@pytest.mark.promise("TEN-3")
def test_each_organization_sees_its_own_chain_alone(client_of: ClientOf, cast: Any) -> None:
    for organization, secret in ((cast.acme, "acmes-secret"), (cast.meridian, "meridians-secret")):
        with tenant_context(organization), transaction.atomic():
            record("tests.thing.noted", f"tests.thing:{secret}", {"name": secret}, actor="system:tests")
    theirs = body(client_of(cast.charlie, cast.meridian).get("/audit/?target=tests."))
    assert theirs.count('class="o-link"') == 1
    assert "acmes-secret" not in theirs
    with tenant_context(cast.meridian):
        seq = Entry.objects.filter(action="tests.thing.noted").first().seq
    ours = client_of(cast.alice, cast.acme).get(f"/audit/{seq}/").content.decode()
    assert "meridians-secret" not in ours
