"""The one door: what it opens, and that everything else is shut."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, ProgrammingError, connection, transaction

from tenants.context import (
    NoTenantContext,
    current_tenant,
    current_tenant_or_none,
    in_tenant,
    on_commit,
    platform_context,
    tenant_context,
)
from tenants.exceptions import WrongSchema
from tenants.models import Membership, Organization, User
from tenants.redis import tenant_key
from tenants.scope import Tenant, position_of


def sql(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.mark.promise("TEN-3")
def test_without_a_context_there_is_no_query(db: None) -> None:
    with pytest.raises(NoTenantContext):
        Organization.objects.count()


@pytest.mark.promise("TEN-3")
def test_a_tenants_context_sets_schema_and_role_together(acme: Organization) -> None:
    with tenant_context(acme):
        assert sql("SELECT current_schema(), current_user") == [(acme.schema_name, acme.schema_name)]


def test_the_former_context_returns_after_an_error(acme: Organization, meridian: Organization) -> None:
    with tenant_context(acme):
        with pytest.raises(ValueError, match="oops"), tenant_context(meridian):
            raise ValueError("oops")
        assert current_tenant().slug == "acme"
    assert current_tenant_or_none() is None


@pytest.mark.promise("TEN-3")
def test_raw_sql_cannot_read_another_tenants_schema(acme: Organization, meridian: Organization) -> None:
    with tenant_context(acme), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        sql(f'SELECT * FROM "{meridian.schema_name}".audit_entry')


@pytest.mark.promise("TEN-3")
def test_a_tenants_role_sees_only_its_own_rows_of_shared_tables(acme: Organization) -> None:
    with tenant_context(acme):
        assert sql("SELECT id FROM public.tenants_organization") == [(acme.id,)]
        assert {row for (row,) in sql("SELECT organization_id FROM public.tenants_membership")} == {acme.id}


@pytest.mark.promise("TEN-3")
@pytest.mark.parametrize("table", ["tenants_user", "tenants_apikey", "django_session", "tenants_invitation"])
def test_a_tenants_role_sees_nothing_of_people_sessions_and_keys(acme: Organization, table: str) -> None:
    with tenant_context(acme), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        sql(f"SELECT * FROM public.{table}")


@pytest.mark.promise("TEN-3")
def test_settings_that_a_query_may_change_open_no_other_rows(acme: Organization, meridian: Organization) -> None:
    with tenant_context(acme):
        sql("SELECT set_config('orchestrall.tenant', %s, false)", str(meridian.id))
        sql(f'SET LOCAL search_path = "{meridian.schema_name}", public')
        assert sql("SELECT id FROM public.tenants_organization") == [(acme.id,)]


def test_a_missing_schema_is_an_error_and_not_public(db: None) -> None:
    ghost = Tenant(id=Organization().id, schema_name="t_" + "0" * 32, slug="ghost", name="", industry="", status="")
    with tenant_context(ghost), pytest.raises((WrongSchema, DatabaseError), match=r"does not exist|was sent to schema"):
        sql("SELECT 1")


def test_a_rolled_back_move_is_made_again(acme: Organization) -> None:
    with platform_context():
        sql("SELECT 1")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with tenant_context(acme):
                assert sql("SELECT current_schema()") == [(acme.schema_name,)]
            raise ZeroDivisionError
        assert sql("SELECT current_schema(), current_user") == [("public", position_of("public").role)]


def test_the_platform_sees_all_rows(cast: Any) -> None:
    with platform_context():
        assert Membership.objects.values("organization").distinct().count() == 2
        assert User.objects.count() == 5


@pytest.mark.promise("TEN-3")
def test_cache_keys_of_two_tenants_differ(acme: Organization, meridian: Organization) -> None:
    with tenant_context(acme):
        cache.set("answer", "acme's secret")
    with tenant_context(meridian):
        assert cache.get("answer") is None
    with tenant_context(acme):
        assert cache.get("answer") == "acme's secret"
        cache.delete("answer")


@pytest.mark.promise("TEN-3")
def test_without_a_context_the_cache_refuses() -> None:
    with pytest.raises(NoTenantContext):
        cache.get("answer")


def test_redis_keys_carry_the_tenant(acme: Organization) -> None:
    with tenant_context(acme):
        assert tenant_key("limits", "minute") == f"t:{acme.id}:limits:minute"
    with pytest.raises(NoTenantContext):
        tenant_key("limits")


@pytest.mark.django_db(transaction=False)
def test_after_commit_code_runs_where_it_was_registered(
    acme: Organization, meridian: Organization, django_capture_on_commit_callbacks: Any
) -> None:
    seen: list[str] = []
    with tenant_context(meridian), django_capture_on_commit_callbacks(execute=True), tenant_context(acme):
        on_commit(lambda: seen.append(current_tenant().slug))
    assert seen == ["acme"]


@pytest.mark.promise("TEN-3")
async def test_tasks_that_run_together_keep_their_tenants(acme: Organization, meridian: Organization) -> None:
    """One loop, one set of threads: a tenant on a connection object would be swapped here."""
    barrier = threading.Barrier(2, timeout=5)

    def where_am_i() -> str:
        barrier.wait()
        return str(sql("SELECT current_schema()")[0][0])

    found = await asyncio.gather(*(in_tenant(t, where_am_i) for t in [acme, meridian] * 10))
    assert found == [acme.schema_name, meridian.schema_name] * 10


def test_threads_keep_their_tenants(acme: Organization) -> None:
    seen: list[Any] = []
    with tenant_context(acme):
        thread = threading.Thread(target=lambda: seen.append(current_tenant_or_none()))
        thread.start()
        thread.join()
    assert seen == [None]


@pytest.mark.promise("TEN-3")
def test_djangos_tenant_library_moves_the_same_context(acme: Organization) -> None:
    from django_tenants.utils import schema_context

    with schema_context(acme.schema_name):
        assert sql("SELECT current_user") == [(acme.schema_name,)]
