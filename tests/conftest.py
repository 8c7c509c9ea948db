"""Real servers, two tenants, and the cast.

The embedded PostgreSQL and Redis run under `var/test` (`ORCHESTRALL_VAR` says otherwise); each pytest worker has a
database of its own with two provisioned organizations, *acme* and *meridian*. A test that asks for the database runs
in a transaction that is rolled back.

The cast: Alice owns acme, Bob works there as an operator, Vera may only look, Charlie owns meridian, Sam is platform
staff. Their password is PASSWORD.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest

PASSWORD = "correct horse battery"

# No time limits: on a busy machine the first example of a test takes long.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")


@pytest.fixture(scope="session", autouse=True)
def servers() -> Iterator[None]:
    """The embedded servers, for as long as any test session needs them."""
    from django.conf import settings

    from orchestrall import embedded

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns about a missing one
    with embedded.ensure_running(settings.VAR_DIR, durable=False):
        yield


@pytest.fixture(scope="session")
def django_db_setup(servers: None, django_db_blocker: Any) -> Iterator[None]:
    """A fresh database with the shared schema and the cast."""
    import psycopg
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections
    from psycopg import sql

    from tenants.context import platform_context

    name = settings.DATABASES["owner"]["NAME"]
    _check_constraints_on_the_platform()
    with django_db_blocker.unblock():
        _drop_left_overs(settings.DATABASE_SUPERUSER_URL)
        with platform_context():
            call_command("migrate", verbosity=0)
            found_cast()
        yield
        for connection in connections.all(initialized_only=True):
            connection.close()
        connections["default"].close_pool()
        with psycopg.connect(settings.DATABASE_SUPERUSER_URL, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _check_constraints_on_the_platform() -> None:
    """Django's test case checks deferred constraints after the test, when no context is open any more."""
    from tenants.context import platform_context
    from tenants.postgresql_backend.base import DatabaseWrapper

    original = DatabaseWrapper.check_constraints

    def check_constraints(self: Any, table_names: Any = None) -> None:
        with platform_context():
            original(self, table_names)

    DatabaseWrapper.check_constraints = check_constraints


def _drop_left_overs(superuser_url: str) -> None:
    """Databases of test processes that were killed."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(superuser_url, autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall()
        for (name,) in rows:
            pid = name.rpartition("_")[2]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass
class Cast:
    """The two organizations and their people, fresh from the database."""

    acme: Any
    meridian: Any
    alice: Any
    bob: Any
    vera: Any
    charlie: Any
    sam: Any
    password: str = field(default=PASSWORD, repr=False)


def found_cast() -> None:
    """Found acme and meridian with their people; committed, for the whole session."""
    from tenants import provisioning
    from tenants.models import Membership, User

    people = {
        name: User.objects.create_user(f"{name}@{name}.example", PASSWORD, name=name.capitalize())
        for name in ("alice", "bob", "vera", "charlie")
    }
    User.objects.create_superuser("sam@orchestrall.example", PASSWORD, name="Sam")
    for slug, industry, plan, owner in (
        ("acme", "technology", "professional", people["alice"]),
        ("meridian", "healthcare", "enterprise", people["charlie"]),
    ):
        organization = provision_now(
            provisioning.NewOrganization(slug.capitalize(), slug, industry, options={"plan": plan}), owner=owner
        )
        if slug == "acme":
            Membership.objects.create(organization=organization, user=people["bob"], role="operator")
            Membership.objects.create(organization=organization, user=people["vera"], role="viewer")


def provision_now(new: Any, owner: Any = None) -> Any:
    """Found an organization and run its provisioning in this process; returns it active."""
    from unittest import mock

    from tenants import provisioning

    with mock.patch.object(provisioning, "_start_job"):
        organization = provisioning.create_organization(new, actor="system:tests", owner=owner)
    return provisioning.provision(organization.id)


@pytest.fixture(autouse=True)
def _flush_before_outermost_test_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs before COMMIT runs, in a rolled-back test, when the block that the product opened ends.

    The transaction that wraps the test never commits, so audit entries would never be written.
    """
    from tenants.postgresql_backend.base import DatabaseWrapper

    original = DatabaseWrapper.savepoint_commit

    def savepoint_commit(self: Any, sid: str) -> None:
        if all(block._from_testcase for block in self.atomic_blocks):
            self.run_before_commit()
        original(self, sid)

    monkeypatch.setattr(DatabaseWrapper, "savepoint_commit", savepoint_commit)


@pytest.fixture(autouse=True)
def _no_context_left_behind() -> Iterator[None]:
    """Every test starts nowhere, so that code which forgets to open a context fails."""
    from tenants import scope

    tokens = scope.enter(None, None)
    yield
    scope.leave(tokens)


@pytest.fixture
def cast(db: None) -> Cast:
    """Alice, Bob, Vera (acme), Charlie (meridian) and Sam (platform staff), with their organizations."""
    from tenants.context import platform_context
    from tenants.models import Organization, User

    with platform_context():
        people = {user.email.split("@")[0]: user for user in User.objects.all()}
        organizations = {o.slug: o for o in Organization.objects.all()}
        for slug in ("acme", "meridian"):
            _forget_limits(organizations[slug].id)
        return Cast(
            acme=organizations["acme"],
            meridian=organizations["meridian"],
            **{name: people[name] for name in ("alice", "bob", "vera", "charlie", "sam")},
        )


def _forget_limits(organization_id: Any) -> None:
    """Requests counted and limits copied by another test: what they stand on was rolled back, Redis was not."""
    from tenants.redis import redis_client

    client = redis_client()
    keys = [f"t:{organization_id}:limits", *client.scan_iter(f"t:{organization_id}:requests:*", count=1000)]
    client.delete(*keys)


@pytest.fixture
def acme(cast: Cast) -> Any:
    """The organization Acme (technology, professional plan)."""
    return cast.acme


@pytest.fixture
def meridian(cast: Cast) -> Any:
    """The organization Meridian (healthcare, enterprise plan)."""
    return cast.meridian


@pytest.fixture
def in_acme(acme: Any) -> Iterator[Any]:
    """The test runs inside acme's context."""
    from tenants.context import tenant_context

    with tenant_context(acme) as tenant:
        yield tenant


@pytest.fixture
def in_meridian(meridian: Any) -> Iterator[Any]:
    """The test runs inside meridian's context."""
    from tenants.context import tenant_context

    with tenant_context(meridian) as tenant:
        yield tenant


ClientOf = Callable[..., Any]


@pytest.fixture
def client_of(cast: Cast) -> ClientOf:
    """A function: a signed-in `django.test.Client` on an organization's host.

    `client_of(cast.alice, cast.acme)`; `client_of(None, cast.acme)` is anonymous; `client_of(cast.sam, None)` is on
    the platform's host.
    """
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.test import Client

    from tenants.authentication import SESSION_TENANT
    from tenants.hosts import host_of
    from tenants.middleware import session_mark
    from tenants.sessions import SessionStore

    def make(person: Any, organization: Any, **options: Any) -> Client:
        host = host_of(organization.slug) if organization else "localhost"
        client = Client(SERVER_NAME=host, **options)
        if person is not None:
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = "tenants.authentication.AccountBackend"
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session[SESSION_TENANT] = session_mark(organization.as_tenant() if organization else None)
            session["account_authentication_methods_user"] = str(person.pk)
            session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
            session.save()
            client.cookies["sessionid"] = session.session_key
        return client

    return make


@pytest.fixture
def key_client(cast: Cast) -> ClientOf:
    """A function: a client with an API key of the organization, `key_client(cast.acme, scopes=["read"])`.

    `host=None` is the organization's own host, `host="localhost"` the platform's.
    """
    from django.test import Client

    from tenants.context import tenant_context
    from tenants.hosts import host_of
    from tenants.keys import NewKey, create_key
    from tenants.permissions import DEFAULT_SCOPES

    def make(organization: Any, scopes: Any = DEFAULT_SCOPES, host: str | None = None) -> Client:
        with tenant_context(organization):
            _, key = create_key(NewKey("test", scopes), actor="system:tests")
        return Client(SERVER_NAME=host or host_of(organization.slug), headers={"Authorization": f"Bearer {key}"})

    return make


@pytest.fixture(autouse=True)
def _forget_cached_hosts(servers: None) -> None:
    """Hosts that another test cached do not outlive it: its changes were rolled back."""
    from django.core.cache import caches

    from tenants import hosts

    caches["public"].delete_many([f"host:{name}" for name in hosts._memory])
    hosts._memory.clear()


@pytest.fixture
def founded(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[..., Any]]:
    """A function that founds a committed organization: for sockets, threads, jobs and DDL. Deleted at the end.

    `founded("globex", industry="retail", plan="basic", owner=person)`; do not combine with `db` or `cast`, whose
    transaction would not see it. People made meanwhile stay out of the way of others: give them unusual addresses.
    """
    import uuid

    from tenants import lifecycle, provisioning
    from tenants.context import platform_context
    from tenants.models import Organization

    made: list[Any] = []

    def found(slug: str = "", *, industry: str = "general", plan: str = "enterprise", owner: Any = None) -> Any:
        slug = slug or f"org-{uuid.uuid4().hex[:8]}"
        new = provisioning.NewOrganization(slug.capitalize(), slug, industry, options={"plan": plan})
        made.append(provision_now(new, owner=owner))
        return made[-1]

    with django_db_blocker.unblock():
        yield found
        from unittest import mock

        with platform_context(), mock.patch.object(lifecycle, "_start_deletion"):
            for organization in made:
                if Organization.objects.filter(pk=organization.pk).exists():
                    lifecycle.request_deletion(organization, actor="system:tests")
                    lifecycle.delete_organization(organization.pk, actor="system:tests")
