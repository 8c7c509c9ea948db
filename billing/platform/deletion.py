"""What goes when an organization is deleted."""

from __future__ import annotations

from uuid import UUID

from billing.platform.models import PlatformUsageDaily
from tenants.lifecycle import register_deletion


def register() -> None:
    register_deletion("Delete its usage by day", delete_usage)


def delete_usage(organization_id: UUID) -> None:
    """Delete an organization's rows of the shared usage table; runs on the platform and may be repeated."""
    PlatformUsageDaily.objects.filter(organization_id=organization_id).delete()
