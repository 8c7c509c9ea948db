"""What an agent remembers of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.chat import conversations
from agents.chat.models import Conversation, Message
from agents.policies import MemoryPolicy
from agents.runtime.memory import (
    BUDGET_TOKENS,
    CHARACTERS_PER_TOKEN,
    SENTENCE_CHARACTERS,
    SUMMARY_CHARACTERS,
    extend_summary,
    first_sentence,
    recall,
)

pytestmark = pytest.mark.promise("AGT-6")
Talk = Callable[..., Conversation]


@pytest.fixture
def talk(in_acme: Any, cast: Any) -> Talk:
    """A function: a conversation of Alice's with so many messages, hers and the agent's by turns."""

    def make(*texts: str) -> Conversation:
        conversation = conversations.open_conversation(cast.alice)
        for number, text in enumerate(texts, start=1):
            is_person = number % 2 == 1
            Message.objects.create(
                conversation=conversation,
                sequence=number,
                role=Message.Role.PERSON if is_person else Message.Role.AGENT,
                agent=None if is_person else conversation.agent,
                text=text,
            )
        return conversation

    return make


def test_recent_messages_are_remembered_word_for_word(talk: Talk) -> None:
    memory = recall(talk("One?", "Two.", "Three?"), MemoryPolicy(), before=3)
    assert memory.messages == [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "Two."}]
    assert memory.summary == ""


def test_what_leaves_the_window_is_summarised(talk: Talk) -> None:
    conversation = talk("First thing. More of it.", "Certainly. Done.", "Second thing?", "Yes.")
    memory = recall(conversation, MemoryPolicy(recent_messages=2), before=5)
    assert [message["content"] for message in memory.messages] == ["Second thing?", "Yes."]
    assert memory.summary == f"- Person: First thing.\n- {conversation.agent.name}: Certainly."
    assert conversation.summarised_to == 2


def test_nothing_is_summarised_twice(talk: Talk) -> None:
    conversation = talk(*[f"Message {number}." for number in range(1, 9)])
    policy = MemoryPolicy(recent_messages=2)
    recall(conversation, policy, before=5)
    memory = recall(conversation, policy, before=9)
    assert [line.split("Message ")[1] for line in memory.summary.splitlines()] == [f"{n}." for n in range(1, 7)]


def test_without_a_summary_older_messages_are_forgotten(talk: Talk) -> None:
    memory = recall(talk("One.", "Two.", "Three."), MemoryPolicy(recent_messages=2, summarise=False), before=4)
    assert (memory.summary, len(memory.messages)) == ("", 2)


def test_messages_past_the_token_budget_leave_the_window(talk: Talk) -> None:
    big = "x" * (BUDGET_TOKENS * CHARACTERS_PER_TOKEN // 2)
    memory = recall(talk(big, big, "Three.", "Four."), MemoryPolicy(), before=5)
    assert [len(message["content"]) for message in memory.messages] == [len(big), 6, 5]


@given(st.text(max_size=600))
def test_a_sentence_is_one_line_and_never_too_long(text: str) -> None:
    sentence = first_sentence(text)
    assert len(sentence) <= SENTENCE_CHARACTERS
    assert len(sentence.splitlines()) <= 1


@given(st.lists(st.text(min_size=1, max_size=300), max_size=60))
def test_a_summary_never_passes_its_bound(texts: list[str]) -> None:
    messages = [Message(public_id=uuid4(), role=Message.Role.PERSON, text=text) for text in texts]
    assert len(extend_summary("", messages)) <= SUMMARY_CHARACTERS


def test_what_tools_gave_is_part_of_the_summary() -> None:
    tool = Message(role=Message.Role.TOOL, data={"name": "open_ticket", "result": "INC-000001 is open. More."})
    assert extend_summary("", [tool]) == "- open_ticket gave: INC-000001 is open."
