"""The frame around pages: who sees which entry, and which one is lit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as django_settings


def entries(page: str) -> list[str]:
    """The labels of the side bar, in order."""
    side = page.split('<nav aria-label="Main">')[1].split("</nav>", maxsplit=1)[0]
    return re.findall(r"</svg>([^<]+)", side)


@pytest.mark.parametrize("name", ["alice", "bob", "vera"])
def test_members_see_the_pages_they_may_open(client_of: Any, cast: Any, name: str) -> None:
    labels = entries(client_of(getattr(cast, name), cast.acme).get("/").content.decode())
    assert labels[0] == "Overview"
    assert "Costs" in labels
    assert "Administration" not in labels


@pytest.mark.parametrize(
    ("path", "label"),
    [("/", "Overview"), ("/tickets/", "Tickets"), ("/agents/", "Agents"), ("/accounts/2fa/", "Your account")],
)
def test_the_entry_of_the_page_is_lit(client_of: Any, cast: Any, path: str, label: str) -> None:
    page = client_of(cast.alice, cast.acme).get(path).content.decode()
    lit = re.search(r'aria-current="page">.*?</svg>([^<]+)', page.split('<nav aria-label="Main">')[1])
    assert lit is not None
    assert lit.group(1) == label


def test_the_organization_and_its_plan_stand_on_top(client_of: Any, cast: Any) -> None:
    page = client_of(cast.alice, cast.acme).get("/accounts/2fa/").content.decode()
    assert "Acme" in page
    assert "Professional" in page
    assert "0 of 1,000" in page


def test_only_ones_other_organizations_are_offered(client_of: Any, cast: Any) -> None:
    from tenants.context import platform_context
    from tenants.models import Membership

    assert "Switch to" not in client_of(cast.alice, cast.acme).get("/").content.decode()
    with platform_context():
        Membership.objects.create(organization=cast.meridian, user=cast.alice, role="viewer")
    page = client_of(cast.alice, cast.acme).get("/").content.decode()
    assert "Meridian" in page
    assert f"/organizations/{cast.meridian.id}/switch/" in page


def test_staff_find_the_administration_on_the_platform(client_of: Any, cast: Any) -> None:
    assert "Administration" in entries(client_of(cast.sam, None).get("/accounts/2fa/").content.decode())
    assert "Administration" not in entries(client_of(cast.alice, None).get("/accounts/2fa/").content.decode())


def test_the_administration_opens_for_staff(client_of: Any, cast: Any) -> None:
    assert client_of(cast.sam, None).get("/admin/").status_code == 200


def test_published_accounts_are_offered_in_the_demonstration_alone(client_of: Any, cast: Any, settings: Any) -> None:
    settings.EMBEDDED_DEMO = True
    assert "owner@acme.example" in client_of(None, cast.acme).get("/accounts/login/").content.decode()
    settings.EMBEDDED_DEMO = False
    assert "owner@acme.example" not in client_of(None, cast.acme).get("/accounts/login/").content.decode()


def test_a_name_with_markup_stays_words(client_of: Any, cast: Any) -> None:
    from tenants.context import platform_context

    with platform_context():
        type(cast.alice).objects.filter(pk=cast.alice.pk).update(name="<b>Al</b>")
    assert "<b>Al</b>" not in client_of(cast.alice, cast.acme).get("/").content.decode()


def test_every_page_of_the_frame_is_in_utc() -> None:
    assert django_settings.TIME_ZONE == "UTC"
