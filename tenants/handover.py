"""One-time hand-over of a signed-in person from one host to another.

Sessions are host-only. Whoever is signed in on one host may step over to another of their organizations: a ticket of
60 seconds, for one use, bound to the host it was made for, carries them across.
"""

from __future__ import annotations

import hmac
import secrets

from django.core.cache import caches

from tenants.context import platform_context
from tenants.exceptions import Forbidden, NotFound
from tenants.models import Membership, Organization, User

SECONDS = 60


def list_organizations(user: User) -> list[tuple[Organization, str]]:
    """The active organizations of a person with the role there, by name."""
    with platform_context():
        rows = Membership.objects.filter(user=user, organization__status=Organization.Status.ACTIVE)
        return [
            (row.organization, row.role) for row in rows.select_related("organization").order_by("organization__name")
        ]


def issue(user: User, organization: Organization) -> str:
    """A ticket for the organization's host. Raises Forbidden when the person is no member there."""
    with platform_context():
        if not Membership.objects.filter(user=user, organization=organization).exists():
            raise Forbidden(f"You are no member of {organization.name}.")
    ticket = secrets.token_urlsafe(32)
    caches["public"].set(f"handover:{ticket}", f"{user.pk}:{organization.id}", SECONDS)
    return ticket


def redeem(ticket: str, organization_id: object) -> User:
    """The person behind a ticket, which is spent by this. Raises NotFound when it is old, used or for another host."""
    cache = caches["public"]
    key = f"handover:{ticket}"
    found = cache.get(key)
    # Deleting tells whether we were the first: two requests with one ticket cannot both win.
    if found is None or not cache.delete(key):
        raise NotFound("This link has been used or is older than a minute. Please switch again.")
    user_id, _, bound_to = found.partition(":")
    if not hmac.compare_digest(bound_to, str(organization_id)):
        raise NotFound("This link was made for another organization.")
    with platform_context():
        user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound("This account is not active any more.")
    return user
