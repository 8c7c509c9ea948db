"""Our books against the provider's: 500 calls of which a fifth is cut by the client, and SIGTERM in the middle.

Every call in the demo provider's ledger has one usage record, named by the request id it was sent with, and the other
way round. What was told is equal; what was cut is close, and marked as estimated.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import openai
import pytest

from billing.models import UsageRecord
from routing.models import RoutingDecision
from tenants.context import Tenant, in_tenant, tenant_context
from tenants.keys import NewKey, create_key
from tests.demo_server import DemoServer
from tests.stack import WebServer

pytestmark = [pytest.mark.stack, pytest.mark.promise("BIL-2")]

CALLS = 500
AT_ONCE = 16
TOKENS_PER_SECOND = 100
TOKENS_IN_FLIGHT = TOKENS_PER_SECOND
"""What the provider may have sent when the client had gone: its stream is closed within a second."""


@pytest.fixture(scope="module")
def slow_demo() -> Iterator[DemoServer]:
    with DemoServer(tokens_per_second=TOKENS_PER_SECOND) as server:
        yield server


@pytest.fixture(scope="module")
def very_slow_demo() -> Iterator[DemoServer]:
    with DemoServer(tokens_per_second=1) as server:
        yield server


@pytest.fixture
def key(lab: Tenant) -> str:
    with tenant_context(lab):
        UsageRecord.objects.all().delete()
        return create_key(NewKey("test", ["chat"]), actor="system:tests")[1]


async def test_our_books_agree_with_the_providers_after_500_calls(lab: Tenant, slow_demo: DemoServer, key: str) -> None:
    mark = slow_demo.mark()
    places = asyncio.Semaphore(AT_ONCE)
    async with _client(slow_demo, key) as (client, _):

        async def talk(number: int) -> None:
            async with places:
                await _talk(client, cut=number % 5 == 0, stream=number % 2 == 0 or number % 5 == 0)

        await asyncio.gather(*(talk(number) for number in range(CALLS)))
    entries = {entry["request_id"]: entry for entry in await asyncio.to_thread(slow_demo.settled, mark)}
    records = {str(record.public_id): record for record in await _closed_records(lab)}
    assert len(entries) == CALLS
    assert entries.keys() == records.keys()
    for name, entry in entries.items():
        _check_pair(entry, records[name])
    assert sum(entry["state"] == "cut" for entry in entries.values()) >= CALLS // 10
    assert await in_tenant(lab, lambda: RoutingDecision.objects.filter(query_id__in=_queries(records)).count()) == CALLS


async def test_answers_under_way_are_settled_when_the_process_is_stopped(
    lab: Tenant, very_slow_demo: DemoServer, key: str
) -> None:
    begun: list[int] = []
    async with _client(very_slow_demo, key) as (client, web):

        async def talk(number: int) -> None:
            stream = await client.chat.completions.create(model="large", messages=_question(), stream=True)
            async with stream:
                async for chunk in stream:
                    if chunk.choices and chunk.choices[0].delta.content and number not in begun:
                        begun.append(number)

        talks = [asyncio.create_task(talk(number)) for number in range(30)]
        while len(begun) < len(talks):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(web.stop)
        ends = await asyncio.gather(*talks, return_exceptions=True)
    records = await in_tenant(lab, lambda: list(UsageRecord.objects.all()))
    entries = {entry["request_id"]: entry for entry in await asyncio.to_thread(very_slow_demo.settled)}
    assert all(isinstance(end, Exception) for end in ends)
    assert {record.state for record in records} == {"closed"}
    assert entries.keys() == {str(record.public_id) for record in records}
    for record in records:
        assert record.outcome == "estimated"
        assert record.cost > 0
    kinds = await in_tenant(lab, lambda: set(_decisions_of(records).values_list("outcome", flat=True)))
    assert kinds == {"interrupted"}


@asynccontextmanager
async def _client(demo: DemoServer, key: str) -> AsyncIterator[tuple[openai.AsyncOpenAI, WebServer]]:
    """A client of a web server of its own, before the demo provider of that speed."""
    web = WebServer(DEMO_PROVIDER_URL=demo.url)
    await asyncio.to_thread(web.start)
    try:
        async with openai.AsyncOpenAI(base_url=f"{web.url}/v1", api_key=key, max_retries=0) as client:
            yield client, web
    finally:
        await asyncio.to_thread(web.__exit__, None, None, None)


async def _talk(client: openai.AsyncOpenAI, *, cut: bool, stream: bool) -> None:
    asked: dict[str, Any] = {"model": "auto", "messages": _question()}
    if not stream:
        await client.chat.completions.create(**asked)
        return
    async with await client.chat.completions.create(**asked, stream=True) as chunks:
        seen = 0
        async for chunk in chunks:
            seen += bool(chunk.choices and chunk.choices[0].delta.content)
            if cut and seen == 3:
                return


def _question() -> list[Any]:
    return [{"role": "user", "content": f"Tell me about the ticket {uuid4().hex[:6]} and what to do with it, please."}]


async def _closed_records(lab: Tenant) -> list[Any]:
    """All records, once none is open; a client that has gone is noticed a moment later."""
    async with asyncio.timeout(20):
        while await in_tenant(lab, lambda: UsageRecord.objects.filter(state="open").exists()):
            await asyncio.sleep(0.05)
    return await in_tenant(lab, lambda: list(UsageRecord.objects.all()))


def _check_pair(entry: dict[str, Any], record: Any) -> None:
    assert record.model == entry["model"]
    if record.outcome == "final":
        assert entry["state"] == "finished"
        assert (record.input_tokens, record.output_tokens) == (entry["input_tokens"], entry["output_tokens"])
    else:
        assert record.outcome == "estimated"
        assert abs(entry["output_tokens"] - record.output_tokens) <= TOKENS_IN_FLIGHT, (entry, record.error)
    assert record.cost > 0


def _queries(records: dict[str, Any]) -> list[Any]:
    return [record.query_id for record in records.values()]


def _decisions_of(records: list[Any]) -> Any:
    return RoutingDecision.objects.filter(query_id__in=[record.query_id for record in records])
