"""Two organizations on one process, at once."""

from __future__ import annotations

import asyncio

import pytest

from agents.chat.models import Conversation, Message
from tenants.context import tenant_context
from tenants.groups import group_name, send_to_group
from tests.chat.conftest import Connect, Place, rows

pytestmark = pytest.mark.promise("TEN-3")


async def test_two_organizations_talking_at_once_never_mix(here: Place, elsewhere: Place, connect: Connect) -> None:
    """The trap: all sockets of a process shared one database thread, and the last tenant set there won."""

    async def talk(place: Place, secret: str) -> list[str]:
        client = await connect(place)
        texts, conversation = [], ""
        for number in range(4):
            more: dict[str, str] = {"conversation": conversation} if conversation else {}
            answered = await client.ask(f"Hello, the secret {secret} number {number} please", **more)
            conversation = answered["conversation"]
            texts.append(answered["text"])
        return texts

    await asyncio.gather(*(talk(place, secret) for place, secret in ((here, "lumen"), (elsewhere, "vega")) * 3))

    async def said(place: Place) -> str:
        return " ".join(await rows(place, lambda: list(Message.objects.values_list("text", flat=True))))

    assert "vega" not in await said(here)
    assert "lumen" not in await said(elsewhere)


async def test_a_conversation_of_another_organization_cannot_be_followed(
    here: Place, elsewhere: Place, connect: Connect
) -> None:
    own = await connect(here)
    answered = await own.ask("Hi")
    other = await connect(elsewhere)
    await other.send(type="resume", conversation=answered["conversation"], frame=0)
    assert (await other.until("error"))["code"] == "conversation-not-found"
    assert not await rows(elsewhere, lambda: Conversation.objects.filter(title="Hi").exists())


async def test_a_group_message_for_another_tenant_is_ignored(here: Place, elsewhere: Place, connect: Connect) -> None:
    """Even one that reaches the wrong group."""
    client = await connect(here, path="/ws/events/")
    group = group_name("events", tenant_id=here.tenant.id)
    wrong = {"type": "entries.appended", "tenant": str(elsewhere.tenant.id), "entries": [{"seq": 1}]}
    await asyncio.to_thread(send_to_group, group, wrong)
    await client.send(type="ping")
    assert (await client.next())["type"] == "pong"


def test_group_names_begin_with_the_tenant_and_fit_channels(here: Place, elsewhere: Place) -> None:
    with tenant_context(here.tenant):
        own = group_name("events")
    assert own.startswith(here.tenant.id.hex)
    assert own != group_name("events", tenant_id=elsewhere.tenant.id)
    assert len(group_name("a" * 40, "b", tenant_id=here.tenant.id)) < 100


@pytest.mark.parametrize("part", ["", "with space", "a" * 41, "ü", "a.b"])
def test_a_group_name_that_channels_would_refuse_is_refused_early(here: Place, part: str) -> None:
    with pytest.raises(ValueError, match="group's name"):
        group_name(part, tenant_id=here.tenant.id)
