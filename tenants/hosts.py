"""From a Host header to an organization."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.cache import caches

from tenants.context import platform_context
from tenants.models import Domain, Organization
from tenants.scope import Tenant

CACHE_SECONDS = 60
# The process remembers a host for a moment so that a burst of requests does not ask Redis for each.
MEMORY_SECONDS = 1.0
MEMORY_HOSTS = 1024


@dataclass(frozen=True, slots=True)
class Unknown:
    """Remembered as well: a flood of unknown hosts must not become a flood of queries."""


_memory: dict[str, tuple[float, Tenant | None]] = {}


def normalize(host: str) -> str:
    """Lower case, without port and trailing dot: `Acme.LOCALHOST.:8000` becomes `acme.localhost`."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].rstrip(".")


def is_platform_host(host: str) -> bool:
    return normalize(host) in settings.PLATFORM_HOSTS


def find_tenant(host: str) -> Tenant | None:
    """The organization that a host name leads to, in whatever status; None for an unknown host."""
    name = normalize(host)
    now = time.monotonic()
    remembered = _memory.get(name)
    if remembered and remembered[0] > now:
        return remembered[1]
    cache = caches["public"]
    tenant = cache.get(f"host:{name}", default=Unknown)
    if tenant is Unknown:
        # Domains of all tenants stand in public; the host is the question.
        with platform_context():
            domain = Domain.objects.select_related("tenant").filter(domain=name).first()
        tenant = domain.tenant.as_tenant() if domain else None
        cache.set(f"host:{name}", tenant, CACHE_SECONDS)
    if len(_memory) >= MEMORY_HOSTS:
        _memory.clear()
    _memory[name] = (now + MEMORY_SECONDS, tenant)
    return tenant


def find_tenant_by_id(organization_id: UUID | str) -> Tenant | None:
    """The organization with this id, in whatever status; always asked afresh."""
    with platform_context():
        organization = Organization.objects.filter(pk=organization_id).first()
    return organization.as_tenant() if organization else None


def forget_hosts(organization: Organization) -> None:
    """Purge what is cached for an organization's hosts; call after any change of it or of its domains."""
    with platform_context():
        names = list(Domain.objects.filter(tenant=organization).values_list("domain", flat=True))
    caches["public"].delete_many([f"host:{name}" for name in names])
    for name in names:
        _memory.pop(name, None)


def host_of(slug: str) -> str:
    return f"{slug}.{settings.PLATFORM_HOST}"


def origin_of(host: str) -> str:
    """`http://acme.localhost:8000` for a host name, by the deployment's scheme and port."""
    scheme = "https" if settings.HTTPS else "http"
    return f"{scheme}://{host}" + (f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else "")


def platform_origin() -> str:
    return origin_of(settings.PLATFORM_HOST)


def tenant_origin(slug: str) -> str:
    return origin_of(host_of(slug))
