"""Tells the audit chain, which knows no tenants, where it is written."""

from __future__ import annotations

from functools import partial

from audit.scope import Scope
from tenants import scope
from tenants.context import in_context_of, platform_context, scope_id
from tenants.models import Organization


def current_scope() -> Scope:
    """The scope of the open context. Raises NoTenantContext outside any."""
    return Scope(tenant=scope_id(), enter=partial(in_context_of, scope.tenant_or_none()))


def find_scope(slug: str) -> Scope | None:
    """The scope of the organization with this slug, in whatever status."""
    with platform_context():
        organization = Organization.objects.filter(slug=slug).first()
    return Scope(organization.id, partial(in_context_of, organization.as_tenant())) if organization else None
