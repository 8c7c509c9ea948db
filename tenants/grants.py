"""Who may do what in PostgreSQL: the one list of rights of the database roles.

* the owner owns everything and runs DDL;
* the login role has no rights of its own (NOINHERIT) and takes one of the next two at each cursor;
* the platform role reads and writes the public schema and sees every row there;
* a tenant's role (named like its schema) reads and writes its own schema, and in `public` what stands below.

Rows in `public` that belong to organizations carry row-level security, forced for the owner too. The policy looks at
the role, not at a setting, so nothing a query may set opens another tenant's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from psycopg import sql


@dataclass(frozen=True, slots=True)
class SharedTable:
    """A table in `public` that a tenant's role may touch, or whose rows belong to organizations.

    `privileges` is what the tenant's role gets (empty: nothing); `row_key` is the column holding the organization's
    id, empty for tables without tenants' rows.
    """

    name: str
    privileges: tuple[str, ...] = ()
    row_key: str = ""


READ = ("SELECT",)

# Every public table whose rows belong to organizations stands here, also when tenants may not touch it: a test walks
# the schema and fails for one that is missing.
SHARED_TABLES: tuple[SharedTable, ...] = (
    SharedTable("tenants_organization", READ, row_key="id"),
    SharedTable("tenants_domain", READ, row_key="tenant_id"),
    SharedTable("tenants_membership", READ, row_key="organization_id"),
    SharedTable("tenants_invitation", row_key="organization_id"),
    SharedTable("tenants_apikey", row_key="organization_id"),
    SharedTable("plans_plan", READ),
    SharedTable("plans_subscription", READ, row_key="organization_id"),
    SharedTable("plans_quotaoverride", READ, row_key="organization_id"),
    SharedTable("providers_provider", READ),
    SharedTable("providers_providermodel", READ),
    SharedTable("providers_price", READ),
    # Appending to a tenant's chain moves its head; what was proven of it is written by the platform alone.
    SharedTable("audit_platform_head", ("SELECT", "INSERT", "UPDATE"), row_key="tenant"),
    SharedTable("audit_platform_mark", READ, row_key="tenant"),
    SharedTable("audit_platform_verificationrun", READ, row_key="tenant"),
    # A tenant's rollups push their days here, so that the platform's reports need not visit every tenant.
    SharedTable(
        "billing_platform_platformusagedaily",
        ("SELECT", "INSERT", "UPDATE", "DELETE"),
        row_key="organization_id",
    ),
)

# Tables in `public` that the platform's role may only add to.
SHARED_APPEND_ONLY = ("audit_platform_entry", "audit_platform_payload")
# Tables of a tenant's schema that its own role may only add to.
APPEND_ONLY = ("audit_entry", "audit_payload")
# Bookkeeping that no request needs.
HIDDEN = ("django_migrations",)


def apply_shared_grants(cursor: Any) -> None:
    """Grant and protect what stands in `public`; safe to repeat. Runs as the owner after each migration."""
    roles = {name: sql.Identifier(role) for name, role in settings.DATABASE_ROLES.items()}
    run = _runner(cursor, roles)
    run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {tenants}")
    run("GRANT USAGE ON SCHEMA public TO {platform}, {tenants}")
    run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {platform}")
    run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {platform}")
    for name in SHARED_APPEND_ONLY:
        run("REVOKE UPDATE, DELETE ON public.{table} FROM {platform}", table=sql.Identifier(name))
    existing = _tables(cursor, "public")
    for table in SHARED_TABLES:
        if table.name not in existing:
            raise LookupError(f"tenants/grants.py lists the table {table.name}, which is not there.")
        _protect(run, table)


def _protect(run: Any, table: SharedTable) -> None:
    name = sql.Identifier(table.name)
    if table.privileges:
        run("GRANT " + ", ".join(table.privileges) + " ON public.{table} TO {tenants}", table=name)
    if not table.row_key:
        return
    run("ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY", table=name)
    run("ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY", table=name)
    run("DROP POLICY IF EXISTS platform_rows ON public.{table}", table=name)
    run("DROP POLICY IF EXISTS tenant_rows ON public.{table}", table=name)
    run("CREATE POLICY platform_rows ON public.{table} TO {platform} USING (true) WITH CHECK (true)", table=name)
    if table.name == "tenants_organization":
        # The anchor of all other policies: a role sees the organization whose schema bears its name.
        mine: sql.Composable = sql.SQL("schema_name = current_user")
    else:
        mine = sql.SQL("{} = (SELECT id FROM public.tenants_organization WHERE schema_name = current_user)").format(
            sql.Identifier(table.row_key)
        )
    run(
        "CREATE POLICY tenant_rows ON public.{table} TO {tenants} USING ({mine}) WITH CHECK ({mine})",
        table=name,
        mine=mine,
    )


def apply_tenant_grants(cursor: Any, schema_name: str) -> None:
    """Give a tenant's role its schema; safe to repeat. Runs as the owner after each migration of the schema."""
    run = _runner(cursor, {"schema": sql.Identifier(schema_name), "role": sql.Identifier(schema_name)})
    run("GRANT USAGE ON SCHEMA {schema} TO {role}")
    run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}")
    run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}")
    existing = _tables(cursor, schema_name)
    for name in APPEND_ONLY:
        if name in existing:
            run("REVOKE UPDATE, DELETE, TRUNCATE ON {schema}.{table} FROM {role}", table=sql.Identifier(name))
    for name in HIDDEN:
        run("REVOKE ALL ON {schema}.{table} FROM {role}", table=sql.Identifier(name))


def _tables(cursor: Any, schema_name: str) -> set[str]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema_name])
    return {name for (name,) in cursor.fetchall()}


def _runner(cursor: Any, names: dict[str, Any]) -> Any:
    def run(statement: str, **more: Any) -> None:
        cursor.execute(sql.SQL(statement).format(**names, **more))

    return run
