"""The REST API of organizations, people and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tenants import lifecycle
from tenants.context import platform_context, tenant_context
from tenants.keys import KeyRefused, NewKey, authenticate_key, create_key
from tenants.models import ApiKey, Membership
from tests.conftest import PASSWORD, Cast

ClientOf = Callable[..., Any]


def test_a_member_sees_who_they_are(cast: Cast, client_of: ClientOf) -> None:
    me = client_of(cast.vera, cast.acme).get("/api/v1/me/").json()
    assert (me["email"], me["role"], me["organization"]) == ("vera@vera.example", "viewer", "acme")
    assert "agents.add_agent" not in me["permissions"]


@pytest.mark.promise("IAM-3")
def test_a_key_works_on_its_own_host_and_on_the_platforms(cast: Cast, key_client: ClientOf) -> None:
    assert key_client(cast.acme).get("/api/v1/me/").json()["organization"] == "acme"
    assert key_client(cast.acme, host="localhost").get("/api/v1/me/").json()["organization"] == "acme"


@pytest.mark.promise("TEN-3")
def test_a_key_is_refused_on_another_tenants_host(cast: Cast, key_client: ClientOf) -> None:
    response = key_client(cast.acme, host="meridian.localhost").get("/api/v1/me/")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert "another organization" in response.json()["detail"]


def test_a_stranger_gets_401(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(None, cast.acme).get("/api/v1/members/").status_code == 401


@pytest.mark.promise("TEN-3")
def test_a_session_of_one_host_is_worth_nothing_on_another(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.alice, cast.acme)
    assert client.get("/api/v1/me/", SERVER_NAME="meridian.localhost").status_code == 401


@pytest.mark.promise("IAM-2")
def test_a_removed_member_is_a_stranger_at_once(cast: Cast, client_of: ClientOf) -> None:
    bob = client_of(cast.bob, cast.acme)
    assert bob.get("/api/v1/me/").status_code == 200
    members = client_of(cast.alice, cast.acme).get("/api/v1/members/").json()["results"]
    member = next(m for m in members if m["name"] == "Bob")
    assert client_of(cast.alice, cast.acme).delete(f"/api/v1/members/{member['id']}/").status_code == 204
    assert bob.get("/api/v1/me/").status_code == 401


@pytest.mark.promise("IAM-2")
@pytest.mark.parametrize(("who", "status"), [("alice", 200), ("bob", 403), ("vera", 403)])
def test_keys_are_for_admins(cast: Cast, client_of: ClientOf, who: str, status: int) -> None:
    assert client_of(getattr(cast, who), cast.acme).get("/api/v1/api-keys/").status_code == status


@pytest.mark.promise("TEN-3")
def test_another_tenants_member_is_404(cast: Cast, client_of: ClientOf) -> None:
    with platform_context():
        foreign = Membership.objects.get(organization=cast.meridian)
    assert client_of(cast.alice, cast.acme).get(f"/api/v1/members/{foreign.public_id}/").status_code == 404


def test_the_last_owner_stays(cast: Cast, client_of: ClientOf) -> None:
    with platform_context():
        own = Membership.objects.get(organization=cast.acme, user=cast.alice)
    response = client_of(cast.alice, cast.acme).patch(
        f"/api/v1/members/{own.public_id}/", {"role": "viewer"}, content_type="application/json"
    )
    assert response.status_code == 409
    assert "owner" in response.json()["detail"]


@pytest.mark.promise("IAM-3")
def test_a_key_is_shown_once_and_stored_as_a_hash(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.alice, cast.acme)
    made = client.post("/api/v1/api-keys/", {"name": "ci"}, content_type="application/json")
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    with platform_context():
        row = ApiKey.objects.get(public_id=made.json()["id"])
    assert key not in str(vars(row))
    assert key not in client.get("/api/v1/api-keys/").content.decode()


@pytest.mark.promise("IAM-3")
def test_a_revoked_key_is_refused_at_once(cast: Cast, client_of: ClientOf, key_client: ClientOf) -> None:
    program = key_client(cast.acme)
    key_id = program.get("/api/v1/me/").json()["id"]
    assert client_of(cast.alice, cast.acme).delete(f"/api/v1/api-keys/{key_id}/").status_code == 204
    assert program.get("/api/v1/me/").status_code == 401


@pytest.mark.promise("IAM-3")
@pytest.mark.parametrize(
    ("networks", "address", "works"),
    [
        ({"allowed_networks": ["10.0.0.0/8"]}, "10.1.2.3", True),
        ({"allowed_networks": ["10.0.0.0/8"]}, "11.1.2.3", False),
        ({"denied_networks": ["10.0.0.0/8"]}, "10.1.2.3", False),
        ({"denied_networks": ["10.0.0.0/8"]}, "11.1.2.3", True),
        ({"allowed_networks": ["10.0.0.0/8"]}, "", False),
    ],
)
def test_a_keys_networks_are_kept(cast: Cast, networks: dict[str, list[str]], address: str, works: bool) -> None:
    with tenant_context(cast.acme):
        _, key = create_key(NewKey("net", **networks), actor="system:tests")  # type: ignore[arg-type]
    assert isinstance(authenticate_key(key, address), KeyRefused) is not works


def test_a_key_cannot_make_a_mightier_key(cast: Cast, key_client: ClientOf) -> None:
    client = key_client(cast.acme, scopes=["admin"])
    body = {"name": "more", "scopes": ["admin", "write"]}
    assert client.post("/api/v1/api-keys/", body, content_type="application/json").status_code == 403


@pytest.mark.promise("IAM-4")
def test_login_by_rest_sets_the_session(cast: Cast) -> None:
    client = Client(SERVER_NAME="acme.localhost")
    body = {"email": "alice@alice.example", "password": PASSWORD}
    response = client.post("/api/v1/login/", body, content_type="application/json")
    assert response.status_code == 200, response.content
    assert client.get("/api/v1/me/").json()["role"] == "owner"


def test_login_with_a_wrong_password_does_not_say_what_was_wrong(cast: Cast) -> None:
    client = Client(SERVER_NAME="acme.localhost")
    bodies = [{"email": e, "password": "wrong password"} for e in ("alice@alice.example", "nobody@x.example")]
    answers = [client.post("/api/v1/login/", body, content_type="application/json") for body in bodies]
    assert {a.status_code for a in answers} == {401}
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


@pytest.mark.promise("TEN-3")
def test_nobody_signs_in_where_they_are_no_member(cast: Cast) -> None:
    client = Client(SERVER_NAME="meridian.localhost")
    body = {"email": "alice@alice.example", "password": PASSWORD}
    assert client.post("/api/v1/login/", body, content_type="application/json").status_code == 403
    assert client.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{not json", 400, "no JSON"),
        (b'{"name": NaN}', 400, "not a JSON number"),
        (b"[" * 60 + b"]" * 60, 400, "nested deeper"),
        (b'"' + b"x" * 1_100_000 + b'"', 413, "larger than"),
        (b'{"name": 5, "scopes": "read"}', 400, "scopes"),
    ],
)
def test_a_bad_body_gets_a_clear_problem(cast: Cast, client_of: ClientOf, body: bytes, status: int, words: str) -> None:
    response = client_of(cast.alice, cast.acme).post("/api/v1/api-keys/", body, content_type="application/json")
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert words in response.json()["detail"]


@pytest.mark.promise("TEN-1")
def test_staff_list_and_create_organizations_on_the_platform(
    cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants import provisioning

    started: list[str] = []
    monkeypatch.setattr(provisioning, "_start_job", started.append)
    client = client_of(cast.sam, None)
    listed = client.get("/api/v1/organizations/").json()["results"]
    assert {o["slug"] for o in listed} >= {"acme", "meridian"}
    made = client.post("/api/v1/organizations/", {"name": "Globex", "slug": "globex"}, content_type="application/json")
    assert (made.status_code, made.json()["status"]) == (202, "provisioning")


@pytest.mark.promise("TEN-3")
def test_a_member_sees_only_their_own_organization(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.alice, cast.acme)
    assert [o["slug"] for o in client.get("/api/v1/organizations/").json()["results"]] == ["acme"]
    assert client.get(f"/api/v1/organizations/{cast.meridian.id}/").status_code == 404


def test_nobody_but_staff_has_organizations_on_the_platform(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.alice, None).get("/api/v1/organizations/").status_code == 403
    assert client_of(None, None).get("/api/v1/organizations/").status_code == 401


@pytest.mark.promise("TEN-1")
def test_staff_suspend_and_resume(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.sam, None)
    path = f"/api/v1/organizations/{cast.acme.id}"
    suspended = client.post(f"{path}/suspend/", {"reason": "unpaid"}, content_type="application/json")
    assert suspended.json()["status"] == "suspended"
    assert client.post(f"{path}/resume/").json()["status"] == "active"


@pytest.mark.promise("TEN-2")
def test_an_admin_changes_the_organization(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.alice, cast.acme)
    path = f"/api/v1/organizations/{cast.acme.id}/"
    changed = client.patch(path, {"industry": "retail"}, content_type="application/json")
    assert changed.json()["industry"] == "retail"
    refused = client.patch(path, {"accent_color": "red"}, content_type="application/json")
    assert refused.status_code in (400, 422)
    assert "accent_color" in refused.json()["errors"]


def test_deleting_needs_the_owner(cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_start_deletion", lambda *a: None)
    path = f"/api/v1/organizations/{cast.acme.id}/"
    assert client_of(cast.bob, cast.acme).delete(path).status_code == 403
    assert client_of(cast.alice, cast.acme).delete(path).status_code == 202


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
@pytest.mark.parametrize("host", ["localhost", "acme.localhost"])
def test_the_api_document_is_open_to_anyone(cast: Cast, path: str, host: str) -> None:
    assert Client(SERVER_NAME=host).get(path).status_code == 200
