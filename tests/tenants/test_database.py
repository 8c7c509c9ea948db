"""Roles, rights and migrations, as PostgreSQL sees them."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from tenants import database, grants, scope
from tenants.context import NoTenantContext, platform_context, tenant_context
from tenants.models import Membership, Organization
from tenants.postgresql_backend.pool import reset_connection
from tenants.revocation import group_of
from tests.conftest import Cast

ORGANIZATION_COLUMNS = {"organization_id", "tenant_id", "tenant"}
# Tables whose `tenant` columns name no organization of ours.
NOT_OURS: set[str] = set()


def owner_rows(statement: str, *parameters: object, schema: str = "public") -> list[tuple[Any, ...]]:
    with database.owner_cursor(schema) as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@pytest.mark.promise("TEN-3")
@pytest.mark.django_db(databases=["default", "owner"])
def test_every_public_table_with_organizations_rows_has_forced_row_security() -> None:
    """Walks the schema, so a new table that is missing from tenants/grants.py fails here."""
    with_rows = {
        table
        for table, column in owner_rows(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        if column in ORGANIZATION_COLUMNS
    } - NOT_OURS
    protected = {
        table
        for (table,) in owner_rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relrowsecurity AND relforcerowsecurity"
        )
    }
    assert with_rows <= protected
    assert protected == {table.name for table in grants.SHARED_TABLES if table.row_key}


@pytest.mark.promise("TEN-3")
@pytest.mark.django_db(databases=["default", "owner"])
def test_a_tenants_role_has_in_public_what_the_list_says_and_no_more() -> None:
    granted = owner_rows(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' AND grantee = %s",
        settings.DATABASE_ROLES["tenants"],
    )
    listed = {(t.name, privilege) for t in grants.SHARED_TABLES for privilege in t.privileges}
    assert set(granted) == listed
    assert {"tenants_user", "tenants_apikey", "django_session"}.isdisjoint({table for table, _ in granted})


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_login_role_has_nothing_of_its_own() -> None:
    login = settings.DATABASE_ROLES["login"]
    assert owner_rows("SELECT rolinherit, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = %s", login) == [
        (False, False, False)
    ]
    assert owner_rows("SELECT 1 FROM information_schema.role_table_grants WHERE grantee = %s", login) == []


@pytest.mark.promise("AUD-1")
@pytest.mark.django_db(databases=["default", "owner"])
def test_a_tenants_role_may_only_add_to_the_audit_tables(cast: Cast) -> None:
    rows = owner_rows(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = %s AND table_name LIKE 'audit_%%'",
        cast.acme.schema_name,
    )
    assert {privilege for table, privilege in rows if table in grants.APPEND_ONLY} == {"INSERT", "SELECT"}


def test_the_database_refuses_a_schema_name_that_is_not_ours(db: None) -> None:
    with platform_context(), pytest.raises(IntegrityError, match="schema_name_hex"), transaction.atomic():
        Organization.objects.bulk_create([Organization(name="X", slug="xxx", schema_name="information_schema")])


def test_the_middleware_leaves_no_context_behind(cast: Cast) -> None:
    Client(SERVER_NAME="acme.localhost").get("/api/v1/me/")
    assert scope.current() is None


@pytest.mark.promise("TEN-3")
def test_a_queryset_that_leaves_its_context_is_not_answered_from_another(cast: Cast) -> None:
    with tenant_context(cast.acme):
        rows = Membership.objects.all()
    with pytest.raises(NoTenantContext):
        list(rows)


def test_a_pooled_connection_waits_without_a_tenant(cast: Cast) -> None:
    with tenant_context(cast.acme), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        raw = connection.connection
        position = raw._orchestrall_position
    assert position.schema_name == cast.acme.schema_name
    before = raw.autocommit
    pool = connections["default"].pool
    with pool.connection() as other:
        other.execute(f'SET search_path = "{cast.acme.schema_name}"')
        reset_connection(other)
        assert other.execute("SELECT current_schema(), current_user = session_user").fetchone() == (None, True)
        other.commit()
    assert raw.autocommit == before


def test_migrating_again_finds_nobody_behind(founded: Callable[..., Any]) -> None:
    organization = founded()
    assert database.schemas_behind([organization.schema_name, "t_" + "0" * 32]) == ["t_" + "0" * 32]


@pytest.mark.promise("OPS-5")
def test_a_failing_tenant_stops_nobody_and_is_named(
    founded: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = founded(), founded()
    migrated: list[str] = []

    def migrate(schema_name: str) -> None:
        if schema_name == bad.schema_name:
            raise RuntimeError("broken on purpose")
        migrated.append(schema_name)

    monkeypatch.setattr(database, "schemas_behind", lambda names: [bad.schema_name, good.schema_name])
    monkeypatch.setattr(database, "migrate_tenant", migrate)
    monkeypatch.setattr(database, "migrate_shared", lambda: None)
    errors = StringIO()
    with pytest.raises(CommandError, match=f"1 tenants were not migrated: {bad.slug}"):
        call_command("migrate", stdout=StringIO(), stderr=errors)
    assert migrated == [good.schema_name]
    assert "broken on purpose" in errors.getvalue()


@pytest.mark.promise("TEN-3")
def test_group_names_carry_the_tenant_and_fit(cast: Cast) -> None:
    with tenant_context(cast.acme):
        name = group_of("person", cast.alice.public_id)
    assert name.startswith(cast.acme.id.hex)
    assert len(name) < 100
    with pytest.raises(NoTenantContext):
        group_of("person", cast.alice.public_id)


def test_the_channel_layer_is_the_one_that_loses_nothing() -> None:
    assert settings.CHANNEL_LAYERS["default"]["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"


def test_no_app_stands_in_both_lists() -> None:
    assert not set(settings.SHARED_APPS) & set(settings.TENANT_APPS)


@pytest.mark.promise("API-1")
def test_the_api_document_is_openapi_3_1(db: None) -> None:
    response = Client(SERVER_NAME="localhost").get("/api/schema/", headers={"Accept": "application/json"})
    assert b"3.1.0" in b"".join(response) if response.streaming else b"3.1.0" in response.content
