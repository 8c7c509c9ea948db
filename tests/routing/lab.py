"""Helpers for tests of the gateway: a call to make, and what is in the books afterwards."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from billing.models import UsageRecord
from routing.gateway import Event, ModelCall, Outcome, open_answer
from routing.models import RoutingDecision
from routing.providers.base import Endpoint
from routing.providers.catalogue import ModelOption
from routing.providers.prices import TokenPrice
from routing.settlement import settle
from tenants.context import Tenant, in_tenant

ACTOR = "system:tests"


def make_call(tenant: Tenant, text: str = "Hi", **changes: Any) -> ModelCall:
    """A model call as the chat would make it."""
    facts: dict[str, Any] = {"query_id": uuid4(), "messages": [{"role": "user", "content": text}], "actor": ACTOR}
    return ModelCall(tenant=tenant, **{**facts, **changes})


@dataclass
class Asked:
    """What came of a call."""

    events: list[Event]
    outcome: Outcome
    error: Exception | None


async def ask_and_settle(call: ModelCall) -> Asked:
    """Make a call to its end, settle it, and return what happened."""
    events: list[Event] = []
    error: Exception | None = None
    async with open_answer(call) as answer:
        try:
            async for event in answer.events():
                events.append(event)
        except Exception as raised:
            error = raised
    await in_tenant(call.tenant, settle_now, answer.outcome)
    return Asked(events, answer.outcome, error)


def settle_now(outcome: Outcome) -> RoutingDecision | None:
    with transaction.atomic():
        return settle(outcome, actor=ACTOR)


async def records_of(tenant: Tenant, query_id: UUID) -> list[UsageRecord]:
    """The usage records of a query, in the order of its attempts."""
    return await in_tenant(tenant, lambda: list(UsageRecord.objects.filter(query_id=query_id).order_by("attempt")))


async def decisions_of(tenant: Tenant, query_id: UUID) -> list[RoutingDecision]:
    return await in_tenant(tenant, lambda: list(RoutingDecision.objects.filter(query_id=query_id).order_by("id")))


def make_option(name: str = "acme-ai/tiny", **changes: Any) -> ModelOption:
    """A model as the router sees it; cheap and small unless told otherwise."""
    provider, _, model = name.partition("/")
    facts: dict[str, Any] = {
        "provider": provider,
        "kind": "compatible",
        "model": model,
        "tier": "small",
        "context_window": 8_000,
        "max_output_tokens": 1_000,
        "supports_tools": True,
        "supports_vision": False,
        "supports_json": True,
        "quality": None,
        "is_preferred": False,
        "is_enabled": True,
        "priority": 100,
        "endpoint": Endpoint("http://127.0.0.1:9/v1", "secret"),
        "price": TokenPrice(Decimal("0.1"), Decimal("0.2"), Decimal("0.1"), "override"),
    }
    return ModelOption(**{**facts, **changes})


def large_option(name: str = "acme-ai/huge", **changes: Any) -> ModelOption:
    price = TokenPrice(Decimal("2.5"), Decimal(10), Decimal("1.25"), "override")
    return make_option(name, **{"tier": "large", "context_window": 100_000, "price": price, **changes})
