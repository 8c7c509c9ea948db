"""Helpers of billing's tests: calls that were made, and many at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction

from billing import metering
from billing.models import UsageRecord
from tenants.context import tenant_context

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


Call = Callable[..., UUID]


@pytest.fixture
def call() -> Call:
    """A function: one model call, opened and closed in the current tenant; returns the record's id.

    `call(cost="0.01", tier="large", at=NOON, query=query_id, outcome="failed", …)`.
    """

    def make(
        *,
        query: UUID | None = None,
        tier: str = "small",
        cost: str = "0.001",
        baseline: str = "0.01",
        outcome: str = "final",
        at: datetime | None = None,
        agent: tuple[UUID, str] | None = None,
        **closing: Any,
    ) -> UUID:
        agent_id, agent_slug = agent or (None, "")
        record = metering.open_record(
            metering.NewRecord(
                query_id=query or uuid4(),
                provider="demo",
                model="gpt-4o" if tier == "large" else "llama-3.2-3b",
                tier=tier,
                agent_id=agent_id,
                agent_slug=agent_slug,
            )
        )
        if at:
            UsageRecord.objects.filter(public_id=record).update(opened_at=at)
        figures = {"input_tokens": 100, "output_tokens": 20, "latency_ms": 400, "first_token_ms": 90, **closing}
        with transaction.atomic():
            metering.close_record(
                record,
                metering.Closing(outcome=outcome, cost=Decimal(cost), baseline_cost=Decimal(baseline), **figures),
            )
        return record

    return make


def at_once(tenant: Any, times: int, fn: Callable[[], Any]) -> list[Any]:
    """Run `fn` `times` times in threads of their own that start together; returns results and exceptions."""
    barrier = Barrier(times)

    def run(_: int) -> Any:
        try:
            with tenant_context(tenant):
                barrier.wait(timeout=30)
                return fn()
        except Exception as error:
            return error
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))
