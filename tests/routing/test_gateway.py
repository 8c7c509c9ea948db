"""The gateway against the demo provider over HTTP: answers, failover, interruptions, and what the books say."""

import asyncio
from decimal import Decimal

import pytest

from routing.exceptions import AllProvidersFailed, AnswerBrokeOff
from routing.gateway import AttemptFailed, Started, TextDelta, open_answer
from tenants.context import Tenant, in_tenant
from tests.demo_server import DemoServer
from tests.routing.lab import ask_and_settle, decisions_of, make_call, records_of, settle_now

LONG = (
    "Analyse why our VPN drops every day at nine, compare three causes, write a script that finds out, and plan. " * 3
)


@pytest.mark.promise("RTE-2")
async def test_a_greeting_is_answered_by_a_small_model(lab: Tenant) -> None:
    asked = await ask_and_settle(make_call(lab, "Hi"))
    assert asked.error is None
    assert asked.outcome.tier == "small"
    assert asked.outcome.text


@pytest.mark.promise("BIL-2")
async def test_the_record_holds_what_the_provider_counted(lab: Tenant, demo_provider: DemoServer) -> None:
    mark = demo_provider.mark()
    asked = await ask_and_settle(make_call(lab, "Hi"))
    (entry,) = demo_provider.settled(mark)
    (record,) = await records_of(lab, asked.outcome.query_id)
    assert str(record.public_id) == entry["request_id"]
    assert (record.input_tokens, record.output_tokens) == (entry["input_tokens"], entry["output_tokens"])
    assert record.outcome == "final"
    assert record.cost == asked.outcome.cost > 0
    assert record.baseline_cost > record.cost


@pytest.mark.parametrize("stream", [True, False])
async def test_the_text_is_the_sum_of_its_deltas(lab: Tenant, stream: bool) -> None:
    asked = await ask_and_settle(make_call(lab, "What is a VPN?", stream=stream))
    assert "".join(event.text for event in asked.events if isinstance(event, TextDelta)) == asked.outcome.text
    assert isinstance(asked.events[0], Started)


@pytest.mark.promise("PRV-2")
@pytest.mark.parametrize("kind", ["error", "refuse", "rate_limit", "wrong_json"])
@pytest.mark.parametrize("stream", [True, False])
async def test_the_next_model_answers_when_the_first_fails(
    lab: Tenant, demo_provider: DemoServer, kind: str, stream: bool
) -> None:
    demo_provider.fault(kind, model="llama-3.2-3b", seconds=30)
    asked = await ask_and_settle(make_call(lab, "Hi", stream=stream))
    assert asked.error is None
    assert asked.outcome.model == "phi-3.5-mini"
    assert any(isinstance(event, AttemptFailed) for event in asked.events)
    *failed, last = await records_of(lab, asked.outcome.query_id)
    assert failed
    assert all(record.cost == 0 and record.outcome in ("refused", "failed") and record.error for record in failed)
    assert last.outcome == "final"


@pytest.mark.promise("PRV-2")
async def test_there_is_no_failover_after_the_first_token(lab: Tenant, demo_provider: DemoServer) -> None:
    demo_provider.fault("break_stream", model="*", after_tokens=3)
    asked = await ask_and_settle(make_call(lab, "What is a VPN?"))
    assert isinstance(asked.error, AnswerBrokeOff)
    assert asked.outcome.interrupted
    assert asked.outcome.text
    (record,) = await records_of(lab, asked.outcome.query_id)
    assert record.outcome == "estimated"
    assert record.cost > 0
    (decision,) = await decisions_of(lab, asked.outcome.query_id)
    assert decision.outcome == "interrupted"


@pytest.mark.promise("PRV-2")
async def test_all_down_is_a_clear_refusal_without_charge(
    lab: Tenant, demo_provider: DemoServer, settings: object
) -> None:
    settings.MODEL_RETRY_BUDGET_S = 1  # type: ignore[attr-defined]
    demo_provider.fault("error")
    asked = await ask_and_settle(make_call(lab, "Hi"))
    assert isinstance(asked.error, AllProvidersFailed)
    assert asked.error.status == 503
    records = await records_of(lab, asked.outcome.query_id)
    assert {record.model for record in records} == {"llama-3.2-3b", "phi-3.5-mini", "gpt-4o"}
    assert sum(record.cost for record in records) == Decimal(0)
    assert {record.state for record in records} == {"closed"}
    (decision,) = await decisions_of(lab, asked.outcome.query_id)
    assert decision.outcome == "failed"


async def test_a_cancelled_answer_closes_the_providers_stream_and_is_settled(
    lab: Tenant, demo_provider: DemoServer
) -> None:
    mark = demo_provider.mark()
    begun = asyncio.Event()
    call = make_call(lab, LONG, requested="large")
    demo_provider.fault("timeout", model="gpt-4o", seconds=60)
    outcome = None

    async def talk() -> None:
        nonlocal outcome
        async with open_answer(call) as answer:
            outcome = answer.outcome
            begun.set()
            async for _ in answer.events():
                pass

    task = asyncio.create_task(talk())
    await begun.wait()
    while not (outcome and outcome.attempts and outcome.attempts[0].is_sent):
        await asyncio.sleep(0.01)
    while not demo_provider.ledger(mark)["in_flight"]:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcome is not None
    assert outcome.interrupted
    await in_tenant(lab, settle_now, outcome)
    (entry,) = await asyncio.to_thread(demo_provider.settled, mark)
    assert entry["state"] == "cut"
    (record,) = await records_of(lab, call.query_id)
    assert record.outcome == "estimated"
    assert record.state == "closed"
