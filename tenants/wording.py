"""The words of this app's audit entries."""

from __future__ import annotations

from audit.actions import register as register_action

WORDING = {
    "tenants.organization.created": ("created the organization {name}", "building"),
    "tenants.organization.opened": ("opened the organization {name}", "circle-check"),
    "tenants.organization.changed": ("changed the organization: {fields}", "settings"),
    "tenants.organization.suspended": ("suspended the organization: {reason}", "player-pause"),
    "tenants.organization.resumed": ("opened the organization again", "player-play"),
    "tenants.organization.deletion_requested": ("asked to delete the organization", "trash"),
    "tenants.organization.deleted": ("deleted the organization {name}", "trash"),
    "tenants.member.added": ("added {name} as {role}", "user-plus"),
    "tenants.member.role_changed": ("made {name} {role}", "user-edit"),
    "tenants.member.removed": ("removed {name}", "user-minus"),
    "tenants.invitation.sent": ("invited {email} as {role}", "mail"),
    "tenants.invitation.revoked": ("withdrew the invitation of {email}", "mail-off"),
    "tenants.invitation.accepted": ("accepted an invitation as {role}", "mail-check"),
    "tenants.key.created": ("made the API key {name}", "key"),
    "tenants.key.revoked": ("revoked the API key {name}", "key-off"),
    "tenants.key.rotated": ("rotated the API key {name}", "refresh"),
    "platform.tenant.viewed": ("platform staff ({staff}) looked at {what}", "eye"),
    "tenants.session.opened": ("signed in", "login"),
    "tenants.session.closed": ("signed out", "logout"),
}


def register() -> None:
    """Register the words of this app's actions."""
    for action, (words, icon) in WORDING.items():
        register_action(action, words, icon=icon)
