"""An unmodified OpenAI client against a real server: whole and streamed answers, tools, errors, headers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import httpx2
import openai
import pytest
from django.core.management import call_command

from billing.models import UsageRecord
from routing.health import OPEN_AFTER
from tenants.context import Tenant, in_tenant, tenant_context
from tenants.keys import NewKey, create_key
from tests.demo_server import DemoServer
from tests.routing.lab import ask_and_settle, make_call, records_of
from tests.stack import WebServer

pytestmark = [pytest.mark.stack, pytest.mark.promise("CHT-2")]

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Return the weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="module")
def web(lab_organization: Any, demo_server: DemoServer) -> Iterator[WebServer]:
    with WebServer(DEMO_PROVIDER_URL=demo_server.url) as server:
        yield server


@pytest.fixture
def key(lab: Tenant) -> str:
    with tenant_context(lab):
        return create_key(NewKey("test", ["read", "chat"]), actor="system:tests")[1]


@pytest.fixture
async def client(web: WebServer, key: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{web.url}/v1", api_key=key, max_retries=0) as made:
        yield made


def hello(text: str = "Hi") -> list[Any]:
    return [{"role": "user", "content": text}]


async def test_a_whole_answer_says_who_gave_it_and_what_it_cost(client: openai.AsyncOpenAI, lab: Tenant) -> None:
    raw = await client.chat.completions.with_raw_response.create(model="auto", messages=hello())
    completion = raw.parse()
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0
    assert raw.headers["x-orchestrall-tier"] == "small"
    assert raw.headers["x-orchestrall-model"] == completion.model
    assert float(raw.headers["x-orchestrall-cost-usd"]) > 0
    assert raw.headers["x-ratelimit-remaining-requests"]
    assert raw.headers["x-request-id"]


async def test_a_streamed_answer_ends_with_its_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="small", messages=hello(), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text
    assert chunks[-1].usage is not None
    assert not chunks[-1].choices
    assert chunks[-2].choices[0].finish_reason == "stop"


async def test_without_the_option_no_chunk_has_a_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="small", messages=hello(), stream=True)
    assert all([chunk.usage is None and bool(chunk.choices) async for chunk in stream])


@pytest.mark.parametrize("stream", [True, False])
async def test_tool_calls_are_passed_to_the_client(client: openai.AsyncOpenAI, stream: bool) -> None:
    asked: dict[str, Any] = {"model": "large", "messages": hello("weather"), "tools": [WEATHER]}
    asked["tool_choice"] = {"type": "function", "function": {"name": "get_weather"}}
    if stream:
        async with client.chat.completions.stream(**asked) as events:
            completion: Any = await events.get_final_completion()
    else:
        completion = await client.chat.completions.create(**asked)
    (call,) = completion.choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    assert call.id
    assert completion.choices[0].finish_reason == "tool_calls"


async def test_models_lists_tiers_and_models(client: openai.AsyncOpenAI) -> None:
    names = {model.id for model in (await client.models.list()).data}
    assert names >= {"auto", "small", "large", "gpt-4o", "llama-3.2-3b"}
    assert (await client.models.retrieve("gpt-4o")).owned_by == "demo"


async def test_the_key_works_on_the_tenants_host_too(web: WebServer, key: str) -> None:
    headers = {"Host": f"routing-lab.localhost:{web.port}", "Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=web.url, headers=headers) as plain:
        assert (await plain.get("/v1/models")).status_code == 200
        foreign = await plain.get("/v1/models", headers={"Host": f"acme.localhost:{web.port}"})
        assert foreign.status_code == 401


async def test_an_unknown_model_is_a_404(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        await client.chat.completions.create(model="gpt-99", messages=hello())
    assert raised.value.code == "model_not_found"
    assert raised.value.param == "model"


async def test_a_wrong_key_is_a_401(web: WebServer) -> None:
    async with openai.AsyncOpenAI(base_url=f"{web.url}/v1", api_key="ork_wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.chat.completions.create(model="auto", messages=hello())


async def test_a_key_without_the_scope_is_a_403(web: WebServer, lab: Tenant, key: str) -> None:
    _, weak = await in_tenant(lab, create_key, NewKey("reader", ["read"]), actor="system:tests")
    async with openai.AsyncOpenAI(base_url=f"{web.url}/v1", api_key=weak, max_retries=0) as reader:
        with pytest.raises(openai.PermissionDeniedError):
            await reader.chat.completions.create(model="auto", messages=hello())


BAD_BODIES = [
    (b"{", 400, None),
    (b"[]", 400, None),
    (b'{"messages": []}', 400, "model"),
    (b'{"model": "auto", "messages": []}', 400, "messages"),
    (b'{"model": "auto", "messages": [{"role": "king", "content": "x"}]}', 400, "messages.0.role"),
    (b'{"model": "auto", "messages": [{"role": "user", "content": 5}]}', 400, "messages.0.content"),
    (b'{"model": "auto", "messages": [{"role": "user", "content": "x"}], "temperature": 9}', 400, "temperature"),
    (b'{"model": "auto", "messages": [{"role": "user", "content": "x"}], "n": 2}', 400, "n"),
    (b'{"model": "auto", "messages": [{"role": "user", "content": "\\ud800"}]}', 400, None),
    (b'{"model": "auto", "messages": [{"role": "user", "content": "x"}], "stop": "\\ud800"}', 400, None),
    (b'{"model": "agent/a\\u0000", "messages": [{"role": "user", "content": "x"}]}', 400, "model"),
    (b'{"model": "auto", "x": ' + b"[" * 60 + b"]" * 60 + b"}", 400, None),
    (b'{"model": "auto", "x": "' + b"x" * (9 * 1024 * 1024) + b'"}', 413, None),
]


@pytest.mark.parametrize(("body", "status", "param"), BAD_BODIES, ids=range(len(BAD_BODIES)))
async def test_a_bad_body_is_an_error_in_openais_shape(
    web: WebServer, key: str, body: bytes, status: int, param: str | None
) -> None:
    async with httpx2.AsyncClient(base_url=web.url, headers={"Authorization": f"Bearer {key}"}) as plain:
        response = await plain.post("/v1/chat/completions", content=body)
    assert response.status_code == status
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert error["param"] == param


async def test_a_query_that_fits_no_window_is_a_400_with_openais_code(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        await client.chat.completions.create(model="auto", messages=hello("word " * 500_000))
    assert raised.value.code == "context_length_exceeded"


@pytest.mark.parametrize("stream", [True, False])
async def test_all_providers_down_is_a_503(
    client: openai.AsyncOpenAI, demo_provider: DemoServer, lab: Tenant, stream: bool
) -> None:
    demo_provider.fault("rate_limit", seconds=120)
    with pytest.raises(openai.InternalServerError) as raised:
        await client.chat.completions.create(model="auto", messages=hello(), stream=stream)
    assert raised.value.status_code == 503
    assert int(raised.value.response.headers["retry-after"]) > 60


@pytest.fixture
def quota(lab: Tenant) -> Iterator[Callable[[str, str], None]]:
    """A function that agrees a quota with the organization; taken back at the end."""

    def agree(name: str, value: str) -> None:
        call_command("set_quota", lab.slug, name, value, verbosity=0)

    yield agree
    for name in ("requests_per_minute", "spend_per_month"):
        agree(name, "unlimited")


@pytest.mark.promise("BIL-3")
async def test_past_the_rate_limit_is_a_429_with_the_time_to_wait(client: openai.AsyncOpenAI, quota: Any) -> None:
    await asyncio.to_thread(quota, "requests_per_minute", "2")
    for _ in range(2):
        await client.chat.completions.create(model="small", messages=hello())
    with pytest.raises(openai.RateLimitError) as raised:
        await client.chat.completions.create(model="small", messages=hello())
    assert raised.value.code == "rate_limit_exceeded"
    assert 0 < int(raised.value.response.headers["retry-after"]) <= 62


@pytest.mark.promise("BIL-3")
async def test_past_the_months_spend_is_a_429_and_nobody_is_asked(
    client: openai.AsyncOpenAI, quota: Any, demo_provider: DemoServer
) -> None:
    await asyncio.to_thread(quota, "spend_per_month", "0")
    mark = demo_provider.mark()
    with pytest.raises(openai.RateLimitError) as raised:
        await client.chat.completions.create(model="small", messages=hello())
    assert raised.value.code == "insufficient_quota"
    body: Any = raised.value.body
    assert body["limit_name"] == "spend_per_month"
    assert demo_provider.mark() == mark


@pytest.mark.promise("PRV-2")
async def test_a_breaker_that_one_process_opened_is_open_in_another(
    client: openai.AsyncOpenAI, demo_provider: DemoServer, lab: Tenant
) -> None:
    demo_provider.fault("error", model="llama-3.2-3b")
    for _ in range(OPEN_AFTER):
        await client.chat.completions.create(model="small", messages=hello())
    asked = await ask_and_settle(make_call(lab, requested="small"))
    assert [record.model for record in await records_of(lab, asked.outcome.query_id)] == ["phi-3.5-mini"]


async def test_an_answer_that_breaks_off_ends_in_an_error_event(
    client: openai.AsyncOpenAI, demo_provider: DemoServer
) -> None:
    demo_provider.fault("break_stream", after_tokens=3)
    stream = await client.chat.completions.create(model="small", messages=hello("What is a VPN?"), stream=True)
    with pytest.raises(openai.APIError, match="broke off"):
        async for _ in stream:
            pass


async def test_a_client_that_goes_ends_the_providers_stream(
    client: openai.AsyncOpenAI, demo_provider: DemoServer, lab: Tenant
) -> None:
    mark = demo_provider.mark()
    demo_provider.fault("timeout", seconds=60, model="gpt-4o")
    task = asyncio.create_task(client.chat.completions.create(model="large", messages=hello(), stream=True))
    while not await asyncio.to_thread(lambda: demo_provider.ledger(mark)["in_flight"]):
        await asyncio.sleep(0.01)
    task.cancel()
    (entry,) = await asyncio.to_thread(demo_provider.settled, mark)
    assert entry["state"] == "cut"

    def closed() -> Any:
        return UsageRecord.objects.filter(public_id=UUID(entry["request_id"]), state="closed").first()

    while (record := await in_tenant(lab, closed)) is None:
        await asyncio.sleep(0.02)
    assert record.outcome == "estimated"
    assert len(await records_of(lab, record.query_id)) == 1
