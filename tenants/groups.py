"""Channel groups of a tenant: one builder for their names, and sending to them from synchronous code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.conf import settings

from tenants.context import current_tenant
from tenants.redis import redis_client

_PART = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")


def group_name(*parts: str, tenant_id: UUID | None = None) -> str:
    """`<tenant's hex id>.part.part`. Raises NoTenantContext without a tenant, ValueError for a bad part."""
    owner = tenant_id or current_tenant().id
    if not parts or not all(_PART.match(part) for part in parts):
        raise ValueError(f"A group's name takes letters, digits, - and _, up to 40 a part: {parts!r}")
    return ".".join([owner.hex, *parts])


def send_to_group(group: str, message: Mapping[str, Any]) -> None:
    """Send from a thread without an event loop; `message` has a `type`, and what Channels' layer can serialise.

    The layer's own `group_send` is asynchronous and would open a loop and a connection for each call. This writes
    what it would write, with the process's synchronous client.
    """
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    layer: Any = get_channel_layer()
    redis_client().publish(f"{prefix}__group__{group}", layer.serialize(dict(message)))
