"""`/ws/events/`: what happens, to those who may see it, and no more of it than they may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from audit.chain import record
from audit.feed import AppendedEntry
from orchestrall.live import summary
from tenants.context import in_tenant
from tests.chat.conftest import Client, Connect, Place, make_key

pytestmark = pytest.mark.promise("UI-1")


def act(action: str, **payload: Any) -> None:
    with transaction.atomic():
        record(action=action, target=f"agents.agent:{uuid4()}", actor="system:tests", payload=payload)


async def next_event(client: Client) -> dict[str, Any]:
    return await client.until("event")


@pytest.mark.parametrize("who", ["owner", "operator", "viewer"])
async def test_every_member_hears_what_was_committed(here: Place, connect: Connect, who: str) -> None:
    client = await connect(here, who, path="/ws/events/")
    await in_tenant(here.tenant, act, "agents.agent.hired", name="Ada")
    event = await next_event(client)
    assert (event["action"], event["topic"], event["actor"]) == ("agents.agent.hired", "agent", "system:tests")
    assert event["seq"] > 0


async def test_another_organizations_events_are_not_heard(here: Place, elsewhere: Place, connect: Connect) -> None:
    client = await connect(here, path="/ws/events/")
    await in_tenant(elsewhere.tenant, act, "agents.agent.hired", name="Theirs")
    await in_tenant(here.tenant, act, "agents.agent.hired", name="Ours")
    assert "Theirs" not in str(await next_event(client))


async def test_what_was_rolled_back_is_not_heard(here: Place, connect: Connect) -> None:
    client = await connect(here, path="/ws/events/")

    def act_and_fail() -> None:
        with transaction.atomic():
            record(action="agents.agent.hired", target="agents.agent:x", actor="system:tests", payload={"name": "Gone"})
            transaction.set_rollback(True)

    await in_tenant(here.tenant, act_and_fail)
    await in_tenant(here.tenant, act, "agents.agent.hired", name="Stayed")
    assert "Gone" not in str(await next_event(client))


async def test_a_key_without_the_scope_hears_nothing(here: Place) -> None:
    _, key = await in_tenant(here.tenant, make_key, here, "chat")
    client = Client("/ws/events/", [(b"host", b"localhost:8000"), (b"authorization", f"Bearer {key}".encode())])
    assert await client.open()
    assert (await client.next())["code"] == "forbidden"
    assert await client.close_code() == 4403


def test_of_a_payload_only_named_facts_go_along() -> None:
    payload = {"agent": "Ada", "cost": "0.01", "text": "what a person wrote", "token": "s3cret", "nested": {"agent": 1}}
    entry = AppendedEntry(
        tenant=uuid4(),
        seq=7,
        hash="00",
        at=datetime(2026, 11, 20, tzinfo=UTC),
        actor="system:tests",
        action="chat.message.asked",
        target="chat.message:1",
        payload=payload,
    )
    shown = summary(entry)
    assert shown["facts"] == {"agent": "Ada", "cost": "0.01"}
    assert "s3cret" not in str(shown)
    assert "what a person wrote" not in str(shown)


@pytest.mark.parametrize("sent", ["no json", "[1]", '{"type": "ask"}'])
async def test_a_frame_that_is_not_understood_gets_an_error_and_the_socket_lives(
    here: Place, connect: Connect, sent: str
) -> None:
    client = await connect(here, path="/ws/events/")
    await client.socket.send_to(text_data=sent)
    assert (await client.next())["code"] == "bad-frame"
    await client.send(type="ping")
    assert (await client.next())["type"] == "pong"


async def test_a_chat_shows_up_live_without_its_words(here: Place, connect: Connect) -> None:
    watcher = await connect(here, "viewer", path="/ws/events/")
    client = await connect(here)
    await client.ask("Hello, my secret is marmalade")
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["action"] != "chat.message.answered":
        seen.append(await next_event(watcher))
    assert "marmalade" not in str(seen)
    assert seen[-1]["facts"]["model"]
