"""Deleting an organization leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache

from tenants import database, lifecycle, provisioning
from tenants.context import platform_context, tenant_context
from tenants.keys import NewKey, create_key
from tenants.models import ApiKey, Domain, Organization
from tenants.redis import redis_client, tenant_key


def schema_and_role(name: str) -> list[Any]:
    with database.owner_cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname = %s", [name])
        schemas = cursor.fetchall()
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = %s", [name])
        return schemas + list(cursor.fetchall())


def delete(organization: Organization) -> None:
    with mock.patch.object(lifecycle, "_start_deletion"):
        lifecycle.request_deletion(organization, actor="system:tests")
    lifecycle.delete_organization(organization.id, actor="system:tests")


@pytest.mark.promise("TEN-1")
def test_a_founded_organization_has_a_schema_and_a_role_of_its_own(founded: Callable[..., Any]) -> None:
    organization = founded()
    assert organization.status == "active"
    assert len(schema_and_role(organization.schema_name)) == 2


@pytest.mark.promise("TEN-1")
def test_a_deleted_organization_leaves_nothing(founded: Callable[..., Any]) -> None:
    organization = founded()
    with tenant_context(organization):
        create_key(NewKey("left"), actor="system:tests")
        cache.set("left", 1)
        redis_client().set(tenant_key("left"), 1)
    folder = lifecycle.files_of(organization.id)
    folder.mkdir(parents=True)
    delete(organization)
    assert schema_and_role(organization.schema_name) == []
    with platform_context():
        assert lifecycle.find_left_overs(organization) == []
        assert not Organization.objects.filter(pk=organization.id).exists()
        assert not ApiKey.objects.filter(organization_id=organization.id).exists()
        assert not Domain.objects.filter(tenant_id=organization.id).exists()


def test_the_check_at_the_end_names_what_is_left(founded: Callable[..., Any]) -> None:
    organization = founded()
    with platform_context():
        assert "schema" in lifecycle.find_left_overs(organization)


def test_provisioning_that_is_redelivered_changes_nothing(founded: Callable[..., Any]) -> None:
    organization = founded()
    before = organization.provisioning
    assert provisioning.provision(organization.id).provisioning == before


def test_a_failed_step_is_shown_and_goes_on_where_it_stopped(founded: Callable[..., Any]) -> None:
    organization = founded()
    with platform_context():
        Organization.objects.filter(pk=organization.pk).update(status="failed")
        steps = organization.provisioning
        steps["steps"][-1]["state"] = "failed"
        Organization.objects.filter(pk=organization.pk).update(provisioning=steps)
    assert provisioning.provision(organization.id).status == "active"


def test_a_schema_that_exists_is_not_adopted(founded: Callable[..., Any]) -> None:
    organization = founded()
    with pytest.raises(database.SchemaExists):
        database.create_schema(organization.schema_name)
