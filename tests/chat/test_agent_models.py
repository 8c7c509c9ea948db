"""`agent/<slug>` for OpenAI's clients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.chat.models import Conversation, Message
from agents.runtime.registry import registry
from tenants.context import in_tenant
from tests.chat.conftest import KeyClient, Place, make_key, rows

pytestmark = pytest.mark.promise("CHT-2")
VPN = "My VPN drops every day at nine, find out why and open a ticket"


@pytest.fixture
async def openai(here: Place) -> Any:
    """A function that posts a chat completion with a key of the organization."""
    _, key = await in_tenant(here.tenant, make_key, here)
    client = KeyClient(key)

    async def post(model: str, *messages: tuple[str, str], **more: Any) -> Any:
        body = {"model": model, "messages": [{"role": r, "content": c} for r, c in messages], **more}
        return await client.post("/v1/chat/completions", json.dumps(body), content_type="application/json")

    post.client = client  # type: ignore[attr-defined]
    yield post
    await registry().close()


async def test_an_agent_answers_a_chat_completion(here: Place, openai: Any) -> None:
    response = await openai("agent/front-desk", ("user", "Hi"))
    body = response.json()
    assert response.status_code == 200, body
    assert body["choices"][0]["message"]["content"].startswith("Hello")
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"]["total_tokens"] > 0


async def test_tools_and_hand_over_happen_behind_it(here: Place, openai: Any) -> None:
    body = (await openai("agent/front-desk", ("user", VPN))).json()
    assert "INC-" in body["choices"][0]["message"]["content"]
    kept = await rows(here, lambda: Conversation.objects.filter(source="openai").latest("id").agent.slug)
    assert kept != "front-desk"


async def test_it_streams(here: Place, openai: Any) -> None:
    response = await openai("agent/front-desk", ("user", "Hi"), stream=True)
    text = b"".join([part async for part in response.streaming_content]).decode()
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    said = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    assert said.startswith("Hello")
    assert text.rstrip().endswith("data: [DONE]")


async def test_earlier_messages_come_from_the_client(here: Place, openai: Any) -> None:
    await openai("agent/front-desk", ("user", "One?"), ("assistant", "Two."), ("user", "Hello"))
    texts = await rows(here, lambda: list(Message.objects.filter(text="One?").values_list("text", flat=True)))
    assert texts == []


@pytest.mark.parametrize(
    ("messages", "more", "words"),
    [
        ([("assistant", "Hi")], {}, "role user"),
        ([("user", "Hi")], {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, "own tools"),
    ],
)
async def test_what_an_agent_does_not_take_is_refused(
    here: Place, openai: Any, messages: Any, more: Any, words: str
) -> None:
    response = await openai("agent/front-desk", *messages, **more)
    assert response.status_code in (400, 422)
    assert words in response.json()["error"]["message"]


async def test_an_agent_that_is_not_there_is_a_404(here: Place, openai: Any) -> None:
    assert (await openai("agent/nobody", ("user", "Hi"))).status_code == 404


async def test_agents_are_listed_among_the_models(here: Place, openai: Any) -> None:
    listed = (await openai.client.get("/v1/models")).json()["data"]
    assert "agent/front-desk" in {model["id"] for model in listed}
