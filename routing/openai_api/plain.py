"""A model of a provider behind `/v1/`: the gateway's answer, settled in a transaction of its own."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from django.db import transaction

from routing.gateway import Answer, open_answer, uncancelled
from routing.gateway_models import Report
from routing.outcomes import Event, ModelCall, Outcome
from routing.settlement import settle
from tenants.context import in_tenant


@asynccontextmanager
async def open_plain(call: ModelCall) -> AsyncIterator["PlainAnswer"]:
    """Open an answer of the model that the router chooses."""
    async with open_answer(call) as answer:
        yield PlainAnswer(answer)


class PlainAnswer:
    """See `gateway_models.OpenedAnswer`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def events(self) -> AsyncGenerator[Event]:
        return self._answer.events()

    async def settle(self) -> None:
        await self._answer.close()
        outcome = self._answer.outcome
        if outcome.decision is not None and not outcome.is_settled:
            await uncancelled(in_tenant(outcome.call.tenant, _settle, outcome))

    @property
    def report(self) -> Report:
        outcome = self._answer.outcome
        current = self._answer.current
        return Report(
            query_id=outcome.query_id,
            text=outcome.text,
            tool_calls=outcome.tool_calls,
            finish_reason=outcome.finish_reason,
            usage=outcome.usage,
            cost=outcome.cost,
            baseline_cost=outcome.baseline_cost,
            model=current.model if current else "",
            provider=current.provider if current else "",
            tier=current.tier if current else "",
            score=outcome.decision.complexity.score if outcome.decision else 0.0,
            interrupted=outcome.interrupted,
        )


def _settle(outcome: Outcome) -> None:
    with transaction.atomic():
        settle(outcome, actor=outcome.call.actor)
