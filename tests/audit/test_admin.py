"""Chains in the platform's admin: the platform's own, and the health of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from celery import current_app

from audit.platform.models import Head, Mark, PlatformEntry, VerificationRun
from audit.scope import PLATFORM
from tenants.context import platform_context

pytestmark = pytest.mark.promise("UI-3")
ClientOf = Callable[..., Any]
HEADS, ENTRIES, RUNS = (f"/admin/audit_platform/{name}/" for name in ("head", "platformentry", "verificationrun"))


def body(response: Any) -> str:
    assert response.status_code == 200, response.content[:2000]
    text: str = response.content.decode()
    return text


def test_health_of_all_chains_without_entering_a_tenant(client_of: ClientOf, cast: Any) -> None:
    with platform_context():
        head = Head.objects.get(tenant=cast.acme.id)
        Mark.objects.create(tenant=cast.acme.id, seq=head.seq, hash=head.hash)
        VerificationRun.objects.create(tenant=cast.acme.id, state="whole", actor="system:tests")
        fault = {"seq": 2, "kind": "edited", "words": "its text differs from its hash"}
        VerificationRun.objects.create(tenant=cast.meridian.id, state="broken", actor="system:tests", faults=[fault])
    page = body(client_of(cast.sam, None).get(HEADS))
    for words in (
        "Acme",
        "Meridian",
        "Platform",
        "Whole",
        "Broken",
        "Not verified yet",
        f"{head.seq:,} of {head.seq:,}",
    ):
        assert words in page
    assert "entry 2: edited" in body(client_of(cast.sam, None).get(f"{HEADS}{cast.meridian.id}/change/"))


def test_staff_queue_checks_of_any_chain(
    client_of: ClientOf, cast: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = client_of(cast.sam, None)
    chosen = {"action": "verify", "_selected_action": [str(cast.acme.id), str(PLATFORM)]}
    with mock.patch.object(current_app, "send_task") as send, django_capture_on_commit_callbacks(execute=True):
        assert client.post(HEADS, chosen).status_code == 302
    assert {call.args[0] for call in send.call_args_list} == {
        "audit.tasks.verify_chain",
        "audit.tasks.verify_platform_chain",
    }
    assert "Waiting" in body(client.get(RUNS))


@pytest.mark.promise("AUD-7")
def test_the_platforms_chain_is_read_and_the_reading_logged(client_of: ClientOf, cast: Any) -> None:
    client = client_of(cast.sam, None)
    assert "Founded" in body(client.get(ENTRIES)) or "organization" in body(client.get(ENTRIES))
    with platform_context():
        viewed = PlatformEntry.objects.get(action="audit.log.viewed")
    assert viewed.actor == cast.sam.actor
    page = body(client.get(f"{ENTRIES}{viewed.pk}/change/"))
    assert viewed.hash_hex in page
    assert "Sam" in page


@pytest.mark.parametrize("path", [HEADS, ENTRIES, RUNS])
def test_nothing_can_be_added_changed_or_deleted(client_of: ClientOf, cast: Any, path: str) -> None:
    client = client_of(cast.sam, None)
    assert client.get(f"{path}add/").status_code == 403
    with platform_context():
        run = VerificationRun.objects.create(tenant=PLATFORM, actor="system:tests")
        pk = {HEADS: PLATFORM, ENTRIES: PlatformEntry.objects.first().pk, RUNS: run.pk}[path]
    assert client.post(f"{path}{pk}/change/", {"seq": 1}).status_code == 403
    assert client.get(f"{path}{pk}/delete/").status_code == 403


def test_members_of_organizations_see_nothing_of_it(client_of: ClientOf, cast: Any) -> None:
    for path in (HEADS, ENTRIES, RUNS):
        assert client_of(cast.alice, None).get(path).status_code in {302, 403}
        assert client_of(cast.alice, cast.acme).get(path).status_code == 404
