"""Tells the audit chain, which knows no tenants and no people, where it is written and who its actors are."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from audit.scope import Scope
from tenants import scope
from tenants.context import in_context_of, platform_context, scope_id
from tenants.members import display_names
from tenants.models import ApiKey, Organization, User


def current_scope() -> Scope:
    """The scope of the open context. Raises NoTenantContext outside any."""
    return Scope(tenant=scope_id(), enter=partial(in_context_of, scope.tenant_or_none()))


def find_scope(slug: str) -> Scope | None:
    """The scope of the organization with this slug, in whatever status."""
    with platform_context():
        organization = Organization.objects.filter(slug=slug).first()
    return Scope(organization.id, partial(in_context_of, organization.as_tenant())) if organization else None


def person_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names of people for the chain's pages: members in a tenant, everyone on the platform."""
    if scope.tenant_or_none() is not None:
        return display_names(ids)
    return {person.public_id: person.display_name for person in User.objects.filter(public_id__in=ids)}


def key_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names of API keys of the current tenant, revoked ones included."""
    tenant = scope.tenant_or_none()
    with platform_context():
        keys = ApiKey.objects.filter(public_id__in=ids)
        if tenant is not None:
            keys = keys.filter(organization_id=tenant.id)
        return {public_id: f"Key {name}" for public_id, name in keys.values_list("public_id", "name")}


def organization_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names of organizations, for the platform's view of all chains."""
    with platform_context():
        return dict(Organization.objects.filter(pk__in=ids).values_list("pk", "name"))
