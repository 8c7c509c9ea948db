"""Whether someone who was let in before may still stay: for sockets, and for work that goes on after the request."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from django.utils import timezone

from tenants.context import platform_context
from tenants.exceptions import Forbidden
from tenants.keys import KeyUser
from tenants.middleware import check_is_open
from tenants.models import ApiKey, Membership, User
from tenants.scope import Tenant


class StandingLost(Forbidden):
    """The membership or the key has ended since."""

    type = "access-ended"
    title = "Access has ended"


def renew(user: User | KeyUser | Any, tenant: Tenant) -> User | KeyUser:
    """Return the person or key as they stand now in `tenant`, with today's role.

    Raises StandingLost for a removed member or a key that was revoked or has expired, and the fitting Refusal when
    the organization is not open. People and keys stand in public, hence the platform's context.
    """
    with platform_context():
        return _renew_key(user, tenant) if isinstance(user, KeyUser) else _renew_person(user, tenant)


def _renew_key(key: KeyUser, tenant: Tenant) -> KeyUser:
    usable = ApiKey.objects.filter(
        pk=key.id, organization_id=tenant.id, revoked_at__isnull=True, expires_at__gt=timezone.now()
    )
    status = usable.order_by().values_list("organization__status", flat=True).first()
    if status is None:
        raise StandingLost("The API key was revoked or has expired.")
    check_is_open(replace(tenant, status=status))
    return key


def _renew_person(person: User, tenant: Tenant) -> User:
    # Few columns and no objects: this is asked before the first word of each answer.
    places = Membership.objects.filter(user_id=person.pk, organization_id=tenant.id, user__is_active=True)
    place = places.order_by().values_list("role", "organization__status").first()
    if place is None:
        raise StandingLost(f"You are no longer a member of {tenant.name}.")
    role, status = place
    check_is_open(replace(tenant, status=status))
    renewed = copy(person)
    renewed.__dict__["_member_roles"] = {tenant.id: role}
    return renewed
