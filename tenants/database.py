"""Roles, schemas and migrations: everything that runs as the owner of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from tenants import grants
from tenants.routers import OWNER

MigrationKey = tuple[str, str]


class SchemaExists(Exception):
    """A schema of this name is there already: it would be adopted with all its rows."""


def create_owner_and_database(superuser_url: str, name: str, owner: str, password: str = "") -> bool:
    """Make the owner's role and the database with `vector` in it; True when the database is new.

    Needed for servers that we start ourselves; whoever runs a server of their own hands over both by DATABASE_URL.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        names = {"owner": sql.Identifier(owner), "database": sql.Identifier(name), "password": sql.Literal(password)}
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [owner]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD {password}").format(**names))
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if row is None:
            connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))
        elif row[0] != owner:
            connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {owner}").format(**names))
    with psycopg.connect(superuser_url, dbname=name, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(owner)))
    return row is None


@contextmanager
def owner_cursor(schema_name: str = "public") -> Iterator[Any]:
    """A cursor of the owner's connection, with `schema_name` first in the search path."""
    connection = connections[OWNER]
    connection.set_schema(schema_name)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.set_schema_to_public()


def prepare_roles() -> None:
    """Make the login, platform and tenants roles; safe to repeat. The login's password follows from SECRET_KEY."""
    roles = settings.DATABASE_ROLES
    names = {name: sql.Identifier(role) for name, role in roles.items()}
    with owner_cursor() as cursor:
        _ensure_role(cursor, roles["platform"], "NOLOGIN")
        _ensure_role(cursor, roles["tenants"], "NOLOGIN")
        _ensure_role(cursor, roles["login"], "LOGIN NOINHERIT")
        password = sql.Literal(settings.DATABASES["default"]["PASSWORD"])
        cursor.execute(sql.SQL("ALTER ROLE {login} PASSWORD {password}").format(password=password, **names))
        cursor.execute(sql.SQL("GRANT {platform} TO {login} WITH INHERIT FALSE, SET TRUE").format(**names))


def _ensure_role(cursor: Any, name: str, options: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(name)))


def create_schema(schema_name: str) -> None:
    """Make a tenant's role and its empty schema. Raises SchemaExists rather than adopting one."""
    names = {
        "schema": sql.Identifier(schema_name),
        "login": sql.Identifier(settings.DATABASE_ROLES["login"]),
        "tenants": sql.Identifier(settings.DATABASE_ROLES["tenants"]),
    }
    with owner_cursor() as cursor:
        if schema_exists(cursor, schema_name):
            raise SchemaExists(schema_name)
        _ensure_role(cursor, schema_name, "NOLOGIN")
        cursor.execute(sql.SQL("GRANT {schema} TO {login} WITH INHERIT FALSE, SET TRUE").format(**names))
        cursor.execute(sql.SQL("GRANT {tenants} TO {schema} WITH INHERIT TRUE, SET FALSE").format(**names))
        cursor.execute(sql.SQL("CREATE SCHEMA {schema}").format(**names))


def schema_exists(cursor: Any, schema_name: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema_name])
    return cursor.fetchone() is not None


def migrate_shared() -> None:
    """Bring `public` up to date, then its grants and row-level security."""
    connection = connections[OWNER]
    connection.set_schema_to_public()
    executor = MigrationExecutor(connection)
    targets = _targets(executor.loader, settings.SHARED_APPS)
    if executor.migration_plan(targets):
        executor.migrate(targets)
        emit_post_migrate_signal(0, False, OWNER)
    with owner_cursor() as cursor:
        grants.apply_shared_grants(cursor)


def migrate_tenant(schema_name: str) -> None:
    """Bring one tenant's schema up to date, then its grants. Raises whatever the migration raises."""
    connection = connections[OWNER]
    connection.set_schema(schema_name)
    try:
        executor = MigrationExecutor(connection)
        executor.migrate(_targets(executor.loader, settings.TENANT_APPS))
        with connection.cursor() as cursor:
            grants.apply_tenant_grants(cursor, schema_name)
    finally:
        connection.set_schema_to_public()


def _targets(loader: MigrationLoader, app_names: list[str]) -> list[MigrationKey]:
    labels = {config.label for config in apps.get_app_configs() if _listed(config, app_names)}
    return sorted(key for key in loader.graph.leaf_nodes() if key[0] in labels)


def _listed(config: Any, app_names: list[str]) -> bool:
    return config.name in app_names or f"{config.__module__}.{config.__class__.__name__}" in app_names


def schemas_behind(schema_names: list[str]) -> list[str]:
    """Those of the schemas that lack a migration of a tenant app, found by one query for all of them."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    wanted = _targets(loader, settings.TENANT_APPS)
    behind = []
    with owner_cursor() as cursor:
        for start in range(0, len(schema_names), 500):
            behind += _behind(cursor, schema_names[start : start + 500], wanted)
    return behind


def _behind(cursor: Any, schema_names: list[str], wanted: list[MigrationKey]) -> list[str]:
    cursor.execute(
        "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE relname = 'django_migrations' AND nspname = ANY(%s)",
        [schema_names],
    )
    ready = {name for (name,) in cursor.fetchall()}
    current: set[str] = set()
    if ready:
        counting = sql.SQL(" UNION ALL ").join(
            sql.SQL(
                "SELECT {literal} FROM {schema}.django_migrations WHERE (app, name) IN ({wanted}) HAVING count(*) = {n}"
            ).format(
                literal=sql.Literal(name),
                schema=sql.Identifier(name),
                wanted=sql.SQL(", ").join(
                    sql.SQL("({}, {})").format(sql.Literal(app), sql.Literal(migration)) for app, migration in wanted
                ),
                n=sql.Literal(len(wanted)),
            )
            for name in sorted(ready)
        )
        cursor.execute(counting)
        current = {name for (name,) in cursor.fetchall()}
    return [name for name in schema_names if name not in current]


def drop_schema(schema_name: str, batch: int = 20) -> None:
    """Drop a tenant's schema table by table, so that the lock table is not exhausted, then its role. Repeatable."""
    with owner_cursor() as cursor:
        if schema_exists(cursor, schema_name):
            _drop_tables(cursor, schema_name, batch)
            cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema_name)))
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [schema_name])
        if cursor.fetchone():
            cursor.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(schema_name)))


def _drop_tables(cursor: Any, schema_name: str, batch: int) -> None:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema_name])
    tables = [sql.Identifier(schema_name, name) for (name,) in cursor.fetchall()]
    for start in range(0, len(tables), batch):
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.SQL(", ").join(tables[start : start + batch])))
