"""Who belongs to the current tenant, and in which role."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from audit.chain import record
from tenants import permissions
from tenants.context import current_tenant, on_commit, platform_context
from tenants.exceptions import Conflict, Forbidden, Invalid
from tenants.models import Membership, User
from tenants.revocation import announce_person


def display_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people by public id; ids that are no member of the tenant are left out.

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


def check_role(role: str, acting_role: str | None) -> None:
    """Raise Invalid for an unknown role, Forbidden when it is above the one who gives it (None: the system)."""
    if role not in permissions.ROLES:
        allowed = ", ".join(permissions.ROLES)
        raise Invalid(f"“{role}” is no role. Allowed are {allowed}.", errors={"role": [f"Allowed are {allowed}."]})
    if acting_role is not None and permissions.role_rank(role) > permissions.role_rank(acting_role):
        raise Forbidden(f"As {acting_role} you cannot give the role {role}.")


def change_role(member: Membership, role: str, *, actor: str, acting_role: str | None) -> Membership:
    """Give a member another role. Raises Forbidden above one's own role, Conflict for the last owner.

    Writes `tenants.member.role_changed` in the same transaction.
    """
    check_role(role, acting_role)
    with transaction.atomic():
        row = _lock(member, acting_role)
        if row.role == role:
            return row
        if row.role == "owner":
            _keep_an_owner(row)
        before, row.role = row.role, role
        with platform_context():
            row.save(update_fields=["role"])
        payload = {"name": row.user.display_name, "person": row.user.actor, "role": role, "before": before}
        record("tenants.member.role_changed", f"tenants.member:{row.public_id}", payload, actor=actor)
        on_commit(announce_person, row.user.public_id)
    return row


def remove_member(member: Membership, *, actor: str, acting_role: str | None) -> None:
    """Take a person out of the tenant; sessions, sockets and access end at once. Same refusals as `change_role`."""
    with transaction.atomic():
        row = _lock(member, acting_role)
        if row.role == "owner":
            _keep_an_owner(row)
        user, public_id = row.user, row.public_id
        with platform_context():
            row.delete()
        payload = {"name": user.display_name, "person": user.actor, "role": row.role}
        record("tenants.member.removed", f"tenants.member:{public_id}", payload, actor=actor)
        on_commit(announce_person, user.public_id)


def _lock(member: Membership, acting_role: str | None) -> Membership:
    tenant = current_tenant()
    with platform_context():
        rows = Membership.objects.select_for_update().filter(organization_id=tenant.id).select_related(None)
        list(rows.order_by("pk").values_list("pk"))  # all of them: two owners must not remove each other
        row = Membership.objects.select_related("user").get(pk=member.pk)
    if acting_role is not None and permissions.role_rank(row.role) > permissions.role_rank(acting_role):
        raise Forbidden(f"As {acting_role} you cannot change a member who is {row.role}.")
    return row


def _keep_an_owner(member: Membership) -> None:
    with platform_context():
        others = Membership.objects.filter(organization_id=member.organization_id, role="owner").exclude(pk=member.pk)
        if not others.exists():
            raise Conflict("An organization keeps at least one owner. Name another owner first.")
