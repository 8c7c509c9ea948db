"""Jobs of the audit chain."""

from __future__ import annotations

from celery import shared_task

from audit import verification
from audit.scope import current_scope


@shared_task(tenant=True)
def verify_chain(tenant_id: str, run_id: str) -> None:
    """Carry out a queued verification of a tenant's chain."""
    verification.perform(run_id)


@shared_task(platform=True)
def verify_platform_chain(run_id: str) -> None:
    """Carry out a queued verification of the platform's chain."""
    verification.perform(run_id)


@shared_task(tenant=True)
def check_chain(tenant_id: str) -> None:
    """Verify what was added to a tenant's chain since the last time."""
    verification.check_now(current_scope(), actor=verification.SCHEDULE, full=False)


@shared_task(platform=True)
def check_platform_chain() -> None:
    """Verify what was added to the platform's chain since the last time."""
    verification.check_now(current_scope(), actor=verification.SCHEDULE, full=False)
