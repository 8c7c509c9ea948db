"""Jobs of the chat."""

from __future__ import annotations

from celery import shared_task

from agents.chat import journal


@shared_task(tenant=True)
def end_abandoned_turns(tenant_id: str) -> int:
    """End the turns whose process is gone; safe to run twice and at the same time."""
    return journal.bury_all()
