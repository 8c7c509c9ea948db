"""The chat over REST: the same turns without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from agents.chat.models import Turn
from agents.runtime.registry import registry
from tenants.context import in_tenant
from tests.chat.conftest import LONG, KeyClient, Place, make_key, rows
from tests.demo_server import DemoServer

pytestmark = pytest.mark.promise("API-3")
VPN = "My VPN drops every day at nine, find out why and open a ticket"


class Rest:
    """A client with a key of an organization, on the platform's host."""

    def __init__(self, key: str) -> None:
        self.client = KeyClient(key)

    async def get(self, path: str) -> Any:
        return await self.client.get(f"/api/v1/{path}")

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return await self.client.post(
            f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )

    async def patch(self, path: str, body: Any) -> Any:
        return await self.client.patch(f"/api/v1/{path}", json.dumps(body), content_type="application/json")

    async def open(self, **body: Any) -> str:
        response = await self.post("conversations/", body)
        assert response.status_code == 201, response.content
        return str(response.json()["id"])


@pytest.fixture
async def rest(here: Place) -> Any:
    _, key = await in_tenant(here.tenant, make_key, here)
    yield Rest(key)
    await registry().close()


async def test_a_question_is_answered_in_one_request(rest: Rest) -> None:
    conversation = await rest.open()
    response = await rest.post(f"conversations/{conversation}/messages/", {"text": "Hi"})
    turn = response.json()
    assert (response.status_code, turn["state"]) == (201, "answered")
    assert turn["answer"]["text"].startswith("Hello")
    assert turn["answer"]["tier"] == "small"
    assert 0 < float(turn["cost"]) < float(turn["baseline_cost"])


async def test_handing_over_and_tools_work_as_on_the_socket(rest: Rest) -> None:
    conversation = await rest.open()
    turn = (await rest.post(f"conversations/{conversation}/messages/", {"text": VPN})).json()
    assert {"person", "agent", "tool", "handover"} == {message["role"] for message in turn["messages"]}
    listed = (await rest.get(f"conversations/{conversation}/messages/")).json()["results"]
    assert [each["sequence"] for each in listed] == list(range(len(turn["messages"]), 0, -1))


async def test_a_conversation_can_be_opened_with_one_agent(rest: Rest) -> None:
    conversation = await rest.open(agent="incident-manager")
    assert (await rest.get(f"conversations/{conversation}/")).json()["agent"] == "incident-manager"


@pytest.mark.parametrize("header", [True, False])
async def test_the_same_client_id_gives_the_same_answer(here: Place, rest: Rest, header: bool) -> None:
    conversation, once = await rest.open(), uuid4().hex
    body = {"text": "Hi"} if header else {"text": "Hi", "client_id": once}
    headers = {"Idempotency-Key": once} if header else {}
    first = await rest.post(f"conversations/{conversation}/messages/", body, **headers)
    second = await rest.post(f"conversations/{conversation}/messages/", body, **headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert await rows(here, lambda: Turn.objects.filter(client_id=once).count()) == 1


async def test_frames_come_as_server_sent_events(rest: Rest) -> None:
    conversation = await rest.open()
    response = await rest.post(f"conversations/{conversation}/messages/", {"text": "Hi"}, Accept="text/event-stream")
    assert response["Content-Type"].startswith("text/event-stream")
    text = b"".join([part async for part in response.streaming_content]).decode()
    events = [block.partition("\n") for block in text.strip().split("\n\n")]
    assert events[0][0] == "event: started"
    last = json.loads(events[-1][2].removeprefix("data: "))
    assert (events[-1][0], last["type"]) == ("event: answered", "answered")


async def test_an_asynchronous_question_is_answered_later(rest: Rest, slow: DemoServer) -> None:
    conversation = await rest.open()
    response = await rest.post(f"conversations/{conversation}/messages/", {"text": "Hi"}, Prefer="respond-async")
    turn = response.json()
    assert (response.status_code, turn["state"]) == (202, "running")
    await asyncio.wait([each.ending for each in registry()._running.values()])
    assert (await rest.get(f"conversations/{conversation}/turns/{turn['id']}/")).json()["state"] == "answered"


async def test_a_running_turn_can_be_stopped(rest: Rest, slow: DemoServer) -> None:
    conversation = await rest.open()
    turn = (await rest.post(f"conversations/{conversation}/messages/", {"text": LONG}, Prefer="respond-async")).json()
    response = await rest.post(f"conversations/{conversation}/turns/{turn['id']}/stop/")
    assert response.status_code == 202
    await asyncio.wait(
        [each.ending for each in registry()._running.values()] or [asyncio.create_task(asyncio.sleep(0))]
    )
    assert (await rest.get(f"conversations/{conversation}/turns/{turn['id']}/")).json()["state"] == "stopped"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"text": "x" * 32_001}, 422, "message-too-long"),
        ({"text": ""}, 422, "empty-message"),
        ({}, 400, "invalid"),
        ({"text": {"a": 1}}, 400, "invalid"),
        ({"text": "Hi", "model": "no-such-model"}, 404, "model-not-found"),
    ],
)
async def test_bad_input_is_a_problem_document(rest: Rest, body: Any, status: int, kind: str) -> None:
    conversation = await rest.open()
    response = await rest.post(f"conversations/{conversation}/messages/", body)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["type"].endswith(kind)


async def test_when_all_providers_are_down_it_says_503_and_keeps_the_question(
    rest: Rest, provider: DemoServer, settings: Any
) -> None:
    settings.MODEL_RETRY_BUDGET_S = 0.2
    conversation = await rest.open()
    provider.fault("error", share=1)
    response = await rest.post(f"conversations/{conversation}/messages/", {"text": "Anybody?"})
    problem = response.json()
    assert (response.status_code, problem["conversation"]) == (503, conversation)
    listed = (await rest.get(f"conversations/{conversation}/messages/")).json()["results"]
    assert [message["text"] for message in listed] == ["Anybody?"]


async def test_conversations_of_others_are_not_found(here: Place, elsewhere: Place, rest: Rest) -> None:
    conversation = await rest.open()
    _, same = await in_tenant(here.tenant, make_key, here)
    _, other = await in_tenant(elsewhere.tenant, make_key, elsewhere)
    for key in (same, other):
        stranger = Rest(key)
        assert (await stranger.get(f"conversations/{conversation}/")).status_code == 404
        assert (await stranger.get(f"conversations/{conversation}/messages/")).status_code == 404
        asked = await stranger.post(f"conversations/{conversation}/messages/", {"text": "Hi"})
        assert asked.status_code == 404
        assert (await stranger.get("conversations/")).json()["results"] == []
        assert (await stranger.get("messages/")).json()["results"] == []


async def test_a_key_that_may_only_read_cannot_ask(here: Place) -> None:
    _, key = await in_tenant(here.tenant, make_key, here, "read")
    reader = Rest(key)
    assert (await reader.get("conversations/")).status_code == 200
    assert (await reader.post("conversations/")).status_code == 403


async def test_a_conversation_is_renamed_and_archived(rest: Rest) -> None:
    conversation = await rest.open()
    assert (await rest.patch(f"conversations/{conversation}/", {"title": " New  name "})).json()["title"] == "New name"
    assert (await rest.patch(f"conversations/{conversation}/", {"state": "archived"})).json()["state"] == "archived"
    response = await rest.post(f"conversations/{conversation}/messages/", {"text": "Hi"})
    assert response.json()["type"].endswith("conversation-archived")


async def test_messages_are_found_by_their_query(rest: Rest) -> None:
    conversation = await rest.open()
    turn = (await rest.post(f"conversations/{conversation}/messages/", {"text": "Hi"})).json()
    found = (await rest.get(f"messages/?query={turn['query']}")).json()["results"]
    assert {message["role"] for message in found} == {"person", "agent"}


async def test_an_unknown_turn_is_not_found(rest: Rest) -> None:
    conversation = await rest.open()
    assert (await rest.get(f"conversations/{conversation}/turns/{uuid4()}/")).status_code == 404
