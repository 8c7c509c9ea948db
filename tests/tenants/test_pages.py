"""Pages of settings, sign-up, invitations and switching."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tenants import handover, invitations
from tenants.context import platform_context, tenant_context
from tenants.exceptions import NotFound
from tenants.models import Membership, Organization, User
from tests.conftest import PASSWORD, Cast

ClientOf = Callable[..., Any]
PAGES = ["/settings/organization/", "/settings/members/", "/settings/keys/"]


@pytest.fixture(autouse=True)
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Provisioning jobs are noted and not started."""
    from tenants import provisioning

    started: list[str] = []
    monkeypatch.setattr(provisioning, "_start_job", started.append)
    return started


@pytest.mark.parametrize("path", PAGES)
def test_settings_open_for_the_owner(cast: Cast, client_of: ClientOf, path: str) -> None:
    assert client_of(cast.alice, cast.acme).get(path).status_code == 200


@pytest.mark.parametrize(("path", "status"), list(zip(PAGES, [200, 200, 403], strict=True)))
def test_a_viewer_sees_settings_but_no_keys(cast: Cast, client_of: ClientOf, path: str, status: int) -> None:
    assert client_of(cast.vera, cast.acme).get(path).status_code == status


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_the_login(cast: Cast, client_of: ClientOf, path: str) -> None:
    response = client_of(None, cast.acme).get(path)
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_the_members_page_shows_this_organizations_people_alone(cast: Cast, client_of: ClientOf) -> None:
    page = client_of(cast.alice, cast.acme).get("/settings/members/").content.decode()
    assert "bob@bob.example" in page
    assert "charlie@charlie.example" not in page


def test_a_viewer_may_not_change_the_organization(cast: Cast, client_of: ClientOf) -> None:
    response = client_of(cast.vera, cast.acme).post("/settings/organization/", {"name": "Mine"})
    assert response.status_code == 403
    with tenant_context(cast.acme):
        assert Organization.objects.get().name == "Acme"


def test_a_bad_colour_is_shown_at_its_field(cast: Cast, client_of: ClientOf) -> None:
    data = {"name": "Acme", "industry": "retail", "size": "small", "region": "any", "accent_color": "red"}
    response = client_of(cast.alice, cast.acme).post("/settings/organization/", data)
    assert response.status_code == 422
    assert "A colour such as" in response.content.decode()


@pytest.mark.promise("IAM-3")
def test_a_new_key_is_shown_on_the_page_that_made_it(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.alice, cast.acme)
    page = client.post("/settings/keys/create/", {"name": "ci", "scopes": ["read"], "days": 30}).content.decode()
    key = re.search(r"ork_[\w-]{40,}", page)
    assert key is not None
    assert key.group() not in client.get("/settings/keys/").content.decode()


@pytest.mark.promise("TEN-7")
def test_an_invited_person_joins(
    cast: Cast, client_of: ClientOf, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page = client_of(cast.alice, cast.acme).post(
            "/settings/members/invite/", {"email": "charlie@charlie.example", "role": "operator"}
        )
    link = re.search(r"http://localhost:\d+(/invitations/[^/]+/)", page.content.decode())
    assert link is not None
    assert link.group(0) in mail.outbox[0].body
    charlie = client_of(cast.charlie, None)
    assert "Join Acme" in charlie.get(link.group(1)).content.decode()
    response = charlie.post(link.group(1))
    assert response["Location"].startswith("http://acme.localhost")
    with platform_context():
        assert Membership.objects.get(user=cast.charlie, organization=cast.acme).role == "operator"
    assert charlie.get(link.group(1)).status_code == 404


@pytest.mark.promise("TEN-7")
def test_somebody_elses_invitation_is_refused(cast: Cast, client_of: ClientOf) -> None:
    with tenant_context(cast.meridian):
        _, link = invitations.invite(
            "new@example.com", "viewer", actor="system:tests", invited_by=None, acting_role=None
        )
    path = "/" + link.split("/", 3)[3]
    client_of(cast.bob, None).post(path)
    with platform_context():
        assert not Membership.objects.filter(user=cast.bob, organization=cast.meridian).exists()


@pytest.mark.promise("TEN-1")
def test_sign_up_founds_an_organization(
    cast: Cast, no_jobs: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    client = Client(SERVER_NAME="localhost")
    data = {
        "organization": "Northwind",
        "slug": "northwind",
        "industry": "retail",
        "size": "medium",
        "name": "Nina",
        "email": "nina@northwind.example",
        "password1": "a long enough phrase",
    }
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/accounts/signup/", data)
    assert (response.status_code, response["Location"]) == (302, "/organizations/")
    with platform_context():
        organization = Organization.objects.get(slug="northwind")
        assert Membership.objects.get(organization=organization).user.email == "nina@northwind.example"
    assert no_jobs == [str(organization.id)]
    assert "Being set up" in client.get("/organizations/").content.decode()


def test_sign_up_with_a_taken_address_says_so(cast: Cast) -> None:
    response = Client(SERVER_NAME="localhost").post("/accounts/signup/", {"slug": "acme"})
    assert "This address is taken" in response.content.decode()


def test_nobody_signs_up_on_a_tenants_host(cast: Cast) -> None:
    response = Client(SERVER_NAME="acme.localhost").post("/accounts/signup/", {"email": "x@y.example"})
    assert "<form" not in response.content.decode().split("<main")[1].split("</main")[0]
    with platform_context():
        assert not User.objects.filter(email="x@y.example").exists()


@pytest.mark.promise("TEN-7")
def test_switching_carries_a_person_to_another_host_once(cast: Cast, client_of: ClientOf) -> None:
    with platform_context():
        Membership.objects.create(user=cast.alice, organization=cast.meridian, role="viewer")
    switched = client_of(cast.alice, cast.acme).get(f"/organizations/{cast.meridian.id}/switch/")
    assert switched["Location"].startswith("http://meridian.localhost")
    path = "/" + switched["Location"].split("/", 3)[3]
    there = Client(SERVER_NAME="meridian.localhost")
    assert there.get(path).status_code == 302
    assert there.get("/api/v1/me/").json()["role"] == "viewer"
    assert Client(SERVER_NAME="meridian.localhost").get(path).status_code == 404


@pytest.mark.promise("TEN-3")
def test_a_ticket_is_worth_nothing_on_another_host(cast: Cast) -> None:
    ticket = handover.issue(cast.alice, cast.acme)
    with pytest.raises(NotFound):
        handover.redeem(ticket, cast.meridian.id)


@pytest.mark.promise("TEN-3")
def test_nobody_switches_to_where_they_are_no_member(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.alice, cast.acme).get(f"/organizations/{cast.meridian.id}/switch/").status_code == 404


@pytest.mark.promise("IAM-1")
def test_an_owner_without_a_second_factor_is_led_to_set_one_up(cast: Cast, client_of: ClientOf, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_ADMINS = True
    response = client_of(cast.alice, cast.acme).get("/settings/organization/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/")
    assert client_of(cast.alice, cast.acme).get("/api/v1/members/").status_code == 403
    assert client_of(cast.vera, cast.acme).get("/settings/organization/").status_code == 200


@pytest.mark.promise("IAM-1")
@pytest.mark.parametrize("host", ["acme.localhost", "localhost"])
def test_login_by_the_page(cast: Cast, host: str) -> None:
    client = Client(SERVER_NAME=host)
    response = client.post("/accounts/login/", {"login": "alice@alice.example", "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/api/v1/me/").status_code == 200


@pytest.mark.promise("IAM-1")
@pytest.mark.parametrize(
    "path", ["/accounts/2fa/", "/accounts/sessions/", "/accounts/email/", "/accounts/2fa/totp/activate/"]
)
@pytest.mark.parametrize("on_tenant", [True, False])
def test_account_pages_open_on_both_kinds_of_host(cast: Cast, client_of: ClientOf, path: str, on_tenant: bool) -> None:
    client = client_of(cast.alice, cast.acme if on_tenant else None)
    response = client.get(path, follow=True)
    assert response.status_code == 200


def test_deleting_asks_for_the_slug(cast: Cast, client_of: ClientOf) -> None:
    client_of(cast.alice, cast.acme).post("/settings/organization/delete/", {"slug": "wrong"})
    with platform_context():
        assert Organization.objects.get(slug="acme").status == "active"
