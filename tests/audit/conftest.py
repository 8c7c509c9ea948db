"""A chain that is really committed, and its database's owner as the attacker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction

from audit.chain import record
from audit.platform.models import Mark, VerificationRun
from audit.scope import Scope, find_scope
from audit.verification import check_now
from tenants import database
from tenants.context import platform_context, tenant_context
from tenants.models import Organization
from tests.conftest import provision_now

ACTOR = "system:tests"


def note(name: str = "one", /, **payload: Any) -> None:
    record("tests.thing.noted", f"tests.thing:{name}", payload or {"name": name}, actor=ACTOR)


@contextmanager
def superuser(schema: str = "public") -> Iterator[psycopg.Connection]:
    """Whoever no policy binds; for making and unmaking, and for what the owner could do in more words."""
    name = settings.DATABASES["owner"]["NAME"]
    with psycopg.connect(settings.DATABASE_SUPERUSER_URL, dbname=name, autocommit=True) as raw:
        raw.execute(f'SET search_path = "{schema}", public')
        yield raw


@dataclass
class Ledger:
    """An organization with a chain of its own that tests may ruin."""

    organization: Organization

    @property
    def scope(self) -> Scope:
        found = find_scope(self.organization.slug)
        assert found is not None
        return found

    def append(self, *names: str) -> None:
        """Record one entry a transaction."""
        for name in names:
            with tenant_context(self.organization), transaction.atomic():
                note(name)

    def as_owner(self, *statements: str) -> None:
        """Run statements as the database's owner, in one session, with this organization's schema first."""
        with database.owner_cursor(self.organization.schema_name) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def tamper(self, *statements: str) -> None:
        """What an owner does who wants to change the chain: switch the triggers off, change, switch them on."""
        tables = ("audit_entry", "audit_payload")
        off = [f"ALTER TABLE {t} DISABLE TRIGGER {t}_append_only" for t in tables]
        on = [f"ALTER TABLE {t} ENABLE ALWAYS TRIGGER {t}_append_only" for t in tables]
        self.as_owner(*off, *statements, *on)

    def tamper_head(self, *statements: str) -> None:
        """The same for the head, whose rows not even the owner sees."""
        with superuser() as raw:
            raw.execute("ALTER TABLE audit_platform_head DISABLE TRIGGER USER")
            for statement in statements:
                raw.execute(statement.replace(":tenant", f"'{self.organization.id}'"))
            raw.execute("ALTER TABLE audit_platform_head ENABLE ALWAYS TRIGGER audit_platform_head_only_grows")
            raw.execute("ALTER TABLE audit_platform_head ENABLE ALWAYS TRIGGER audit_platform_head_is_kept")

    def as_superuser(self, *statements: str) -> None:
        with superuser(self.organization.schema_name) as raw:
            for statement in statements:
                raw.execute(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with superuser(self.organization.schema_name) as raw:
            return raw.execute(statement).fetchall()

    def check(self, *, full: bool = True, actor: str = "system:command") -> VerificationRun:
        return check_now(self.scope, actor=actor, full=full)

    def faults(self, *, full: bool = True) -> list[tuple[int, str]]:
        """Verify; the faults as (number, kind)."""
        return [(fault["seq"], fault["kind"]) for fault in self.check(full=full).faults]

    def forget_checks(self) -> None:
        with platform_context():
            Mark.objects.filter(tenant=self.organization.id).delete()
            VerificationRun.objects.filter(tenant=self.organization.id).delete()

    def start_over(self, length: int) -> None:
        """An empty chain, then `length` entries n1, n2, …"""
        with superuser(self.organization.schema_name) as raw:
            raw.execute("SET session_replication_role = 'origin'")
            for table in ("audit_entry", "audit_payload"):
                raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
            raw.execute("TRUNCATE audit_entry, audit_payload RESTART IDENTITY")
            for table in ("audit_entry", "audit_payload"):
                raw.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
        self.tamper_head("DELETE FROM audit_platform_head WHERE tenant = :tenant")
        self.forget_checks()
        if length:
            with tenant_context(self.organization), transaction.atomic():
                for number in range(1, length + 1):
                    note(f"n{number}")


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Transactions of this test are real; it cleans up after itself."""
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture(scope="module")
def make_ledger(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], Ledger]]:
    """A function that founds one more organization, gone after the module."""
    from tenants.provisioning import NewOrganization

    made: list[Organization] = []

    def make() -> Ledger:
        slug = f"ledger-{uuid4().hex[:8]}"
        with platform_context():
            organization = provision_now(NewOrganization(slug.capitalize(), slug, "general", options={"plan": "basic"}))
        made.append(organization)
        return Ledger(organization)

    with django_db_blocker.unblock():
        yield make
        for organization in made:
            _unmake(organization)
        connection.close()


def _unmake(organization: Organization) -> None:
    ledger = Ledger(organization)
    ledger.forget_checks()
    ledger.tamper_head("DELETE FROM audit_platform_head WHERE tenant = :tenant")
    database.drop_schema(organization.schema_name)
    with superuser() as raw:
        for table, key in raw.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.confrelid = 'tenants_organization'::regclass"
        ).fetchall():
            raw.execute(f"DELETE FROM {table} WHERE {key} = '{organization.id}'")
        raw.execute(f"DELETE FROM tenants_organization WHERE id = '{organization.id}'")


@pytest.fixture(scope="module")
def one_ledger(make_ledger: Callable[[], Ledger]) -> Ledger:
    return make_ledger()


@pytest.fixture(scope="module")
def another_ledger(make_ledger: Callable[[], Ledger]) -> Ledger:
    return make_ledger()


@pytest.fixture
def ledger(committed: None, one_ledger: Ledger) -> Ledger:
    """An organization with a committed chain of nine entries, as if just founded."""
    one_ledger.start_over(9)
    return one_ledger


@pytest.fixture
def other_ledger(committed: None, another_ledger: Ledger) -> Ledger:
    """A second organization with nine entries of the same numbers."""
    another_ledger.start_over(9)
    return another_ledger
