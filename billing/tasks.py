"""Jobs of billing. Each is safe to run twice and at the same time."""

from __future__ import annotations

from celery import shared_task

from billing import metering, rollups, spend


@shared_task(tenant=True)
def roll_up_usage(tenant_id: str) -> int:
    """Bring a tenant's hourly and daily usage up to date."""
    return rollups.roll_up()


@shared_task(tenant=True)
def settle_abandoned_usage(tenant_id: str) -> int:
    """Close records and give back money that a crash left behind."""
    spend.expire_reservations()
    return metering.settle_abandoned()
