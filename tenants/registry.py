"""What floors above contribute to organizations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenants.models import Organization

OrganizationBlock = Callable[[Organization], dict[str, Any]]
organization_blocks: dict[str, OrganizationBlock] = {}


def register_organization_block(name: str, block: OrganizationBlock) -> None:
    """Add `name: block(organization)` to the REST representation of an organization (called on the platform)."""
    organization_blocks[name] = block
