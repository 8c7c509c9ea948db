"""The one door into a tenant's data, for synchronous, asynchronous, job and after-commit code.

Below this door nothing names a schema. Every function here fails closed: no context, no query.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction

from tenants import scope
from tenants.exceptions import NoTenantContext
from tenants.scope import PLATFORM_ID, Tenant

if TYPE_CHECKING:
    from tenants.models import Organization

__all__ = [
    "PLATFORM_ID",
    "NoTenantContext",
    "Tenant",
    "current_tenant",
    "current_tenant_or_none",
    "in_context_of",
    "in_platform",
    "in_tenant",
    "is_platform",
    "on_commit",
    "platform_context",
    "tenant_context",
]

P = ParamSpec("P")
T = TypeVar("T")


def current_tenant() -> Tenant:
    """Return the tenant this code runs for. Raises NoTenantContext on the platform and outside any context."""
    tenant = scope.tenant_or_none()
    if tenant is None:
        raise NoTenantContext
    return tenant


def current_tenant_or_none() -> Tenant | None:
    return scope.tenant_or_none()


def is_platform() -> bool:
    """True inside `platform_context`, and there alone."""
    position = scope.current()
    return position is not None and position.schema_name == "public"


@contextmanager
def tenant_context(tenant: Tenant | Organization) -> Iterator[Tenant]:
    """Run the block inside the tenant: its schema first, its role, its keys.

    May be nested; the former context returns at the end, also after an error. Use it with `with` only: as a
    decorator one object would be shared by all threads.
    """
    facts = tenant if isinstance(tenant, Tenant) else tenant.as_tenant()
    tokens = scope.enter(scope.position_of(facts.schema_name), facts)
    try:
        yield facts
    finally:
        scope.leave(tokens)


@contextmanager
def platform_context() -> Iterator[None]:
    """Run the block in the public schema with the platform's role: people, organizations, keys, plans.

    Inside a tenant this leaves the tenant on purpose; say why where you use it. Same connection, same transaction.
    """
    tokens = scope.enter(scope.position_of("public"), None)
    try:
        yield
    finally:
        scope.leave(tokens)


@contextmanager
def in_context_of(tenant: Tenant | None) -> Iterator[None]:
    """`tenant_context(tenant)`, or `platform_context()` for None."""
    if tenant is None:
        with platform_context():
            yield
    else:
        with tenant_context(tenant):
            yield


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    # asgiref's own thread is one for all sockets and queues their calls; short database calls get a pool of their own.
    return ThreadPoolExecutor(max_workers=settings.DATABASE_THREADS, thread_name_prefix="tenant-db")


def _run_and_release(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        # The pool's connection goes back at once: an idle thread must not keep one.
        connections["default"].close()


async def in_tenant(tenant: Tenant | Organization, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await `fn(*args, **kwargs)` on a database thread inside the tenant's context.

    `fn` is synchronous and must return values, never lazy querysets. Its transaction is its own.
    """

    def call() -> T:
        with tenant_context(tenant):
            return fn(*args, **kwargs)

    return await _in_thread(call)


async def in_platform(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await `fn(*args, **kwargs)` on a database thread inside the platform's context."""

    def call() -> T:
        with platform_context():
            return fn(*args, **kwargs)

    return await _in_thread(call)


async def _in_thread(call: Callable[[], T]) -> T:
    carried = contextvars.copy_context()
    runner = partial(carried.run, _run_and_release, call)
    return await asyncio.get_running_loop().run_in_executor(_threads(), runner)


def on_commit(fn: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `fn` after the transaction has committed, in the context that is open now.

    Django's own hook runs in whatever context the commit happens in.
    """
    position, tenant = scope.require(), scope.tenant_or_none()

    def call() -> None:
        tokens = scope.enter(position, tenant)
        try:
            fn(*args, **kwargs)
        finally:
            scope.leave(tokens)

    transaction.on_commit(call)


def scope_id() -> UUID:
    """The id that keys, groups and chains use: the tenant's, or the nil UUID on the platform."""
    if is_platform():
        return PLATFORM_ID
    return current_tenant().id
