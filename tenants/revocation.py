"""Telling open sockets that somebody's access changed."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from tenants.context import current_tenant


def group_of(kind: str, public_id: UUID) -> str:
    """The channel group of one person's or key's sockets in the current tenant (`person` or `key`)."""
    return f"{current_tenant().id.hex}.{kind}.{public_id.hex}"


def announce_person(public_id: UUID) -> None:
    """Make the person's sockets check their membership again, and close if it is gone."""
    _announce(group_of("person", public_id))


def announce_key(public_id: UUID) -> None:
    """Make the key's sockets check the key again, and close if it is gone."""
    _announce(group_of("key", public_id))


def _announce(group: str) -> None:
    async_to_sync(get_channel_layer().group_send)(group, {"type": "access.changed"})
