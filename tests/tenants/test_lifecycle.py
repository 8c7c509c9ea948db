"""Founding, suspending and deleting organizations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tenants import database, hosts, lifecycle, provisioning
from tenants.exceptions import Conflict, Invalid
from tenants.models import Organization
from tenants.tasks import TenantGone
from tests.conftest import Cast

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def tables(schema_name: str) -> set[str]:
    with database.owner_cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema_name])
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.promise("TEN-1")
@pytest.mark.django_db(databases=["default", "owner"], transaction=False)
def test_a_schema_name_says_nothing_of_the_slug(acme: Organization) -> None:
    assert acme.schema_name.startswith("t_")
    assert "acme" not in acme.schema_name


@pytest.mark.promise("TEN-1")
@pytest.mark.parametrize("slug", ["a", "-ab", "Ab c", "admin", "xn--abc", "ab_c", "a" * 41, "äöü"])
def test_a_bad_slug_is_refused_with_its_field(db: None, slug: str) -> None:
    with pytest.raises((Invalid, Conflict)) as caught:
        provisioning.create_organization(provisioning.NewOrganization("Test", slug), actor="system:tests")
    assert "slug" in caught.value.errors


def test_a_taken_slug_is_refused(cast: Cast) -> None:
    with pytest.raises(Conflict, match="taken"):
        provisioning.create_organization(provisioning.NewOrganization("Other", "acme"), actor="system:tests")


def test_a_tenants_jobs_refuse_a_tenant_that_is_gone(db: None) -> None:
    from tenants.tasks import ContextTask

    class Probe(ContextTask):
        name = "tests.probe"
        tenant = True

        def run(self, tenant_id: str) -> None:
            raise AssertionError("must not run")

    with pytest.raises(TenantGone):
        Probe()("00000000-0000-4000-8000-000000000000")


def test_a_suspended_organization_answers_403_with_words(cast: Cast, client_of: Any) -> None:
    lifecycle.suspend_organization(cast.acme, "unpaid", actor="system:tests")
    hosts.forget_hosts(cast.acme)
    response = client_of(cast.alice, cast.acme).get("/api/v1/me/")
    assert response.status_code == 403
    assert "suspended" in response.json()["detail"]


def test_suspending_twice_is_refused(cast: Cast) -> None:
    lifecycle.suspend_organization(cast.acme, "unpaid", actor="system:tests")
    with pytest.raises(Conflict):
        lifecycle.suspend_organization(cast.acme, "again", actor="system:tests")


@pytest.mark.promise("TEN-3")
def test_an_unknown_host_is_404(db: None) -> None:
    assert Client(SERVER_NAME="nobody.localhost").get("/api/v1/me/").status_code == 404


@pytest.mark.parametrize("host", ["ACME.localhost", "acme.localhost.", "acme.localhost:8000"])
def test_a_host_is_normalised(acme: Organization, host: str) -> None:
    tenant = hosts.find_tenant(host)
    assert tenant is not None
    assert tenant.id == acme.id
