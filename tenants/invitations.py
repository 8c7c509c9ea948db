"""Inviting people into the current tenant."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from audit.chain import record
from tenants import hosts
from tenants.context import current_tenant, on_commit, platform_context, tenant_context
from tenants.exceptions import Conflict, Forbidden, Invalid, NotFound
from tenants.members import check_role
from tenants.models import Invitation, Membership, User

LIFETIME = timedelta(days=7)
# Where a session remembers the invitation that led somebody here.
INVITATION = "invitation"


def invite(
    email: str, role: str, *, actor: str, invited_by: User | None, acting_role: str | None
) -> tuple[Invitation, str]:
    """Invite an address; returns the row and the link, which also goes out by mail after the commit.

    An open invitation of the same address is replaced. Raises Invalid, Forbidden (role above one's own) or Conflict
    (a member already). Writes `tenants.invitation.sent`.
    """
    tenant = current_tenant()
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Invalid(f"“{email}” is no e-mail address.", errors={"email": ["Enter an e-mail address."]}) from None
    check_role(role, acting_role)
    token = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            with platform_context():
                if Membership.objects.filter(organization_id=tenant.id, user__email__iexact=address).exists():
                    raise Conflict(
                        f"{address} is a member already.", errors={"email": ["This person is a member already."]}
                    )
                Invitation.objects.filter(
                    organization_id=tenant.id, email__iexact=address, accepted_at=None, revoked_at=None
                ).update(revoked_at=timezone.now())
                row = Invitation.objects.create(
                    organization_id=tenant.id,
                    email=address,
                    role=role,
                    token_hash=_hash(token),
                    invited_by=invited_by,
                    expires_at=timezone.now() + LIFETIME,
                )
            record("tenants.invitation.sent", _target(row), {"email": address, "role": role}, actor=actor)
            link = f"{hosts.platform_origin()}/invitations/{token}/"
            on_commit(_send, row, link, invited_by.display_name if invited_by else "")
    except IntegrityError:
        raise Conflict(f"{address} is being invited by somebody else right now.") from None
    return row, link


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _target(invitation: Invitation) -> str:
    return f"tenants.invitation:{invitation.public_id}"


def _send(invitation: Invitation, link: str, inviter: str) -> None:
    tenant = current_tenant()
    facts = {
        "organization": tenant.name,
        "role": invitation.role,
        "link": link,
        "inviter": inviter,
        "days": LIFETIME.days,
    }
    mail = EmailMultiAlternatives(
        subject=render_to_string("tenants/mail/invitation_subject.txt", facts).strip(),
        body=render_to_string("tenants/mail/invitation.txt", facts),
        to=[invitation.email],
    )
    mail.attach_alternative(render_to_string("tenants/mail/invitation.html", facts), "text/html")
    mail.send()


def list_open() -> list[Invitation]:
    """Invitations of the current tenant that can still be accepted, newest first."""
    tenant = current_tenant()
    with platform_context():
        rows = Invitation.objects.filter(organization_id=tenant.id, accepted_at=None, revoked_at=None)
        return list(rows.filter(expires_at__gt=timezone.now()).select_related("invited_by"))


def find_open(public_id: UUID | str) -> Invitation | None:
    return next((row for row in list_open() if str(row.public_id) == str(public_id)), None)


def revoke(invitation: Invitation, *, actor: str) -> None:
    """Withdraw an open invitation; its link is worth nothing at once. Writes `tenants.invitation.revoked`."""
    with transaction.atomic():
        with platform_context():
            changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
                revoked_at=timezone.now()
            )
        if changed:
            record("tenants.invitation.revoked", _target(invitation), {"email": invitation.email}, actor=actor)


def find_by_token(token: str) -> Invitation:
    """The open invitation behind a link, with its organization. Raises NotFound when it is spent or never was."""
    with platform_context():
        row = Invitation.objects.select_related("organization").filter(token_hash=_hash(token)).first()
    if row is None or not row.is_open or not row.organization.is_active:
        raise NotFound("This invitation has expired, was withdrawn or was used. Ask for a new one.")
    return row


def accept(token: str, user: User) -> Membership:
    """Make the person a member; the invitation is spent. The person must hold the invited address.

    Raises NotFound for a spent invitation, Forbidden for somebody else's. Writes `tenants.invitation.accepted` and
    `tenants.member.added` to the organization's chain.
    """
    invitation = find_by_token(token)
    if user.email.lower() != invitation.email.lower():
        raise Forbidden(f"This invitation is for {invitation.email}; you are signed in as {user.email}.")
    with tenant_context(invitation.organization), transaction.atomic():
        with platform_context():
            spent = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
                accepted_at=timezone.now()
            )
            if not spent:
                raise NotFound("This invitation was used a moment ago.")
            member, made = Membership.objects.get_or_create(
                organization=invitation.organization, user=user, defaults={"role": invitation.role}
            )
        record("tenants.invitation.accepted", _target(invitation), {"role": invitation.role}, actor=user.actor)
        if made:
            payload = {"name": user.display_name, "person": user.actor, "role": member.role}
            record("tenants.member.added", f"tenants.member:{member.public_id}", payload, actor=user.actor)
    return member
