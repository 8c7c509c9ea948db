"""Who belongs to the current tenant."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from tenants.context import current_tenant, platform_context
from tenants.models import Membership, User


def display_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people by public id; ids that are no (former) member of the tenant are left out.

    People stand in public, where the tenant's role sees none of them.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    tenant = current_tenant()
    with platform_context():
        people = User.objects.filter(public_id__in=wanted, memberships__organization_id=tenant.id)
        return {person.public_id: person.display_name for person in people}


def list_members() -> list[Membership]:
    """Memberships of the current tenant with their people, by name."""
    tenant = current_tenant()
    with platform_context():
        rows = Membership.objects.filter(organization_id=tenant.id).select_related("user")
        return sorted(rows, key=lambda row: row.user.display_name.lower())


def find_member(public_id: UUID | str) -> Membership | None:
    """A membership of the current tenant by its public id, with its person."""
    tenant = current_tenant()
    with platform_context():
        return Membership.objects.filter(organization_id=tenant.id, public_id=public_id).select_related("user").first()
