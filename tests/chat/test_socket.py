"""One conversation over `/ws/chat/`, end to end with the demo provider."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from agents.chat.models import Conversation, Message, Turn
from agents.tickets.models import Ticket
from audit.models import Entry
from billing.models import UsageRecord
from tests.chat.conftest import Connect, Place, rows
from tests.demo_server import DemoServer

VPN = "My VPN drops every day at nine, find out why and open a ticket"


@pytest.mark.promise("CHT-1")
async def test_a_greeting_is_answered_in_a_stream_by_a_small_model(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    types = [frame["type"] for frame in client.frames]
    assert types[:4] == ["hello", "accepted", "started", "routed"]
    text = "".join(frame["text"] for frame in client.frames if frame["type"] == "delta")
    assert answered["type"] == "answered"
    assert text == answered["text"]
    assert (answered["tier"], answered["agent"]["slug"]) == ("small", "front-desk")


@pytest.mark.promise("CHT-1")
async def test_an_answer_says_model_reasons_tokens_and_what_it_cost(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hi")
    assert answered["model"]
    assert answered["reasons"]
    assert 0 <= answered["score"] <= 1
    assert answered["tokens"]["total"] == answered["tokens"]["input"] + answered["tokens"]["output"] > 0
    assert 0 < float(answered["cost"]) < float(answered["baseline_cost"])
    assert answered["html"].startswith("<p>")


@pytest.mark.promise("AGT-6")
async def test_the_front_desk_hands_over_and_the_colleague_opens_a_ticket(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask(VPN)
    assert answered["type"] == "answered", answered
    handoff = next(frame for frame in client.frames if frame["type"] == "handoff")
    ticket = next(frame for frame in client.frames if frame["type"] == "ticket")["ticket"]
    assert handoff["from"]["slug"] == "front-desk"
    assert answered["agent"]["slug"] == handoff["to"]["slug"] != "front-desk"
    opened = await rows(here, lambda: Ticket.objects.get(number=ticket["number"]))
    assert str(opened.conversation) == answered["conversation"]


async def test_all_model_calls_of_a_question_are_one_query(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask(VPN)

    def records() -> list[UsageRecord]:
        return list(UsageRecord.objects.filter(query_id=answered["query"], kind="model_call").order_by("attempt"))

    kept = await rows(here, records)
    assert len(kept) == len(answered["calls"]) >= 3
    assert all(record.state == "closed" for record in kept)
    assert sum(record.cost for record in kept) == Decimal(answered["cost"])


@pytest.mark.promise("AUD-1")
async def test_asking_tools_hand_over_and_answer_stand_in_the_chain(here: Place, connect: Connect) -> None:
    client = await connect(here)
    before = await rows(here, Entry.objects.count)
    await client.ask(VPN)

    def actions() -> set[str]:
        return set(Entry.objects.filter(seq__gt=before).values_list("action", flat=True))

    assert {
        "chat.message.asked",
        "agents.tool.called",
        "chat.conversation.handed_over",
        "chat.message.answered",
        "routing.decision.made",
    } <= await rows(here, actions)


async def test_the_colleague_keeps_the_conversation(here: Place, connect: Connect) -> None:
    client = await connect(here)
    first = await client.ask(VPN)
    second = await client.ask("Thank you", conversation=first["conversation"])
    assert second["agent"]["slug"] == first["agent"]["slug"]


async def test_the_tool_call_is_metered_with_its_query(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask(VPN)
    tools = {frame["call"] for frame in client.frames if frame["type"] == "tool"}
    counted = await rows(here, lambda: UsageRecord.objects.filter(query_id=answered["query"], kind="tool_call").count())
    assert counted == len(tools) >= 2


async def test_messages_are_numbered_without_gaps(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask(VPN)

    def sequences() -> list[int]:
        messages = Message.objects.filter(conversation__public_id=answered["conversation"])
        return list(messages.order_by("sequence").values_list("sequence", flat=True))

    kept = await rows(here, sequences)
    assert kept == list(range(1, len(kept) + 1))


async def test_an_agents_own_socket_reaches_that_agent(here: Place, connect: Connect) -> None:
    client = await connect(here, path="/ws/chat/incident-manager/")
    assert client.frames[0]["agent"]["slug"] == "incident-manager"
    answered = await client.ask("Hi")
    assert answered["agent"]["slug"] == "incident-manager"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("no json", "no JSON"),
        ("[]", "JSON object whose type"),
        ('{"type": "dance"}', "JSON object whose type"),
        ('{"type": "ask"}', "text: Field required"),
        ('{"type": "ask", "text": 7}', "text: Input should be a valid string"),
        ('{"type": "ack", "frame": -1}', "greater than or equal to 0"),
        ('{"type": "resume", "conversation": "x"}', "valid UUID"),
        ("[" * 5000, "nested deeper"),
        ('{"type": "ask", "text": NaN}', "NaN is not a JSON number"),
    ],
)
async def test_a_bad_frame_gets_an_error_and_the_socket_lives(
    here: Place, connect: Connect, sent: str, words: str
) -> None:
    client = await connect(here)
    await client.socket.send_to(text_data=sent)
    error = await client.until("error")
    assert error["code"] == "bad-frame"
    assert words in error["detail"]
    await client.send(type="ping")
    assert (await client.until("pong"))["type"] == "pong"


async def test_a_binary_frame_gets_an_error_and_the_socket_lives(here: Place, connect: Connect) -> None:
    client = await connect(here)
    await client.socket.send_to(bytes_data=b"\x00\x01")
    assert "binary" in (await client.until("error"))["detail"]
    assert (await client.ask("Hi"))["type"] == "answered"


async def test_a_message_over_the_limit_is_refused_with_the_limit(here: Place, connect: Connect) -> None:
    client = await connect(here)
    error = await client.ask("x" * 32_001)
    assert (error["code"], error["limit"], error["length"]) == ("message-too-long", 32_000, 32_001)
    assert not await rows(here, lambda: Message.objects.filter(text__startswith="xxxx").exists())


async def test_a_message_of_exactly_the_limit_is_taken(here: Place, connect: Connect) -> None:
    client = await connect(here)
    assert (await client.ask("x " * 16_000))["type"] == "answered"


async def test_a_frame_of_more_than_256_kib_is_refused(here: Place, connect: Connect) -> None:
    client = await connect(here)
    error = await client.ask("x" * 300_000)
    assert (error["code"], "262,144" in error["detail"]) == ("bad-frame", True)


async def test_an_empty_message_is_refused(here: Place, connect: Connect) -> None:
    client = await connect(here)
    assert (await client.ask(" \n "))["code"] == "empty-message"


async def test_what_postgresql_cannot_store_is_replaced(here: Place, connect: Connect) -> None:
    client = await connect(here)
    await client.socket.send_to(text_data='{"type": "ask", "text": "Hi \\u0000 \\ud800"}')
    await client.until("answered")
    started = next(frame for frame in client.frames if frame["type"] == "started")
    kept = await rows(here, lambda: Message.objects.get(public_id=started["question"]["id"]).text)
    assert kept == "Hi \ufffd ?"


async def test_the_same_client_id_asks_once(here: Place, connect: Connect) -> None:
    client = await connect(here)
    once = uuid4().hex
    first = await client.ask("Hi", client_id=once)
    await client.send(type="ask", text="Hi", client_id=once)
    accepted = await client.until("accepted")
    assert (accepted["repeated"], accepted["turn"]) == (True, first["turn"])
    assert await rows(here, lambda: Turn.objects.filter(client_id=once).count()) == 1


async def test_the_same_client_id_with_other_words_is_refused(here: Place, connect: Connect) -> None:
    client = await connect(here)
    once = uuid4().hex
    await client.ask("Hi", client_id=once)
    error = await client.ask("Something else", client_id=once)
    assert (error["code"], error["client_id"]) == ("client-id-reused", once)


async def test_a_second_question_waits_for_the_first(here: Place, slow: DemoServer, connect: Connect) -> None:
    client = await connect(here)
    await client.send(type="ask", text="Hi")
    started = await client.until("started")
    error = await client.ask("Hi again", conversation=started["conversation"], until=("error",))
    assert error["code"] == "conversation-busy"
    assert (await client.until("answered"))["turn"] == started["turn"]


async def test_a_conversation_of_somebody_else_is_not_found(here: Place, connect: Connect) -> None:
    own = await connect(here, "owner")
    answered = await own.ask("Hi")
    other = await connect(here, "operator")
    error = await other.ask("Hi", conversation=answered["conversation"])
    assert error["code"] == "conversation-not-found"
    await other.send(type="resume", conversation=answered["conversation"], frame=0)
    assert (await other.until("error"))["code"] == "conversation-not-found"


async def test_a_viewer_may_look_and_not_ask(here: Place, connect: Connect) -> None:
    client = await connect(here, "viewer")
    assert (await client.ask("Hi"))["code"] == "forbidden"


async def test_when_all_providers_are_down_the_question_is_kept_and_nothing_charged(
    here: Place, connect: Connect, provider: DemoServer, settings: object
) -> None:
    settings.MODEL_RETRY_BUDGET_S = 0.2  # type: ignore[attr-defined]
    provider.fault("error", share=1)
    client = await connect(here)
    error = await client.ask("Is anybody there?")
    assert error["code"] == "all-providers-failed"
    assert (error["cost"], error["turn"] is not None) == ("0", True)

    def kept() -> tuple[str, bool, list[UsageRecord]]:
        turn = Turn.objects.get(public_id=error["turn"])
        records = list(UsageRecord.objects.filter(query_id=turn.query_id))
        return turn.state, turn.messages.filter(text="Is anybody there?").exists(), records

    state, is_kept, records = await rows(here, kept)
    assert (state, is_kept) == ("failed", True)
    assert records
    assert all(record.state == "closed" and record.cost == 0 for record in records)


async def test_after_an_outage_the_conversation_goes_on(
    here: Place, connect: Connect, provider: DemoServer, settings: object
) -> None:
    settings.MODEL_RETRY_BUDGET_S = 0.2  # type: ignore[attr-defined]
    provider.fault("error", share=1)
    client = await connect(here)
    error = await client.ask("Hi")
    provider.fault("off")
    answered = await client.ask("Hi", conversation=error["conversation"])
    assert answered["type"] == "answered"


async def test_a_title_comes_from_the_first_question(here: Place, connect: Connect) -> None:
    client = await connect(here)
    answered = await client.ask("Hello\n  there")

    def title() -> str:
        return str(Conversation.objects.get(public_id=answered["conversation"]).title)

    assert await rows(here, title) == "Hello there"
