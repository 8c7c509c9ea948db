"""What an agent remembers of a conversation: the newest messages word for word, the older ones as a summary.

The summary is extractive, so nothing in it was made up: of each message that leaves the window, its first sentence
(160 characters at most) with who said it, and of each tool what it gave back. It holds 2,400 characters; when it
grows past them, the oldest lines go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.chat.models import Conversation, Message
from agents.policies import MemoryPolicy

CHARACTERS_PER_TOKEN = 4
BUDGET_TOKENS = 6_000
SENTENCE_CHARACTERS = 160
SUMMARY_CHARACTERS = 2_400
# How many messages one turn folds at most; what is left waits for the next.
FOLD_AT_ONCE = 400
_SENTENCE = re.compile(r"(?s).*?[.!?](?=\s|$)")

WireMessage = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Memory:
    """What goes into a prompt: `summary` for the system part, `messages` as they were, in OpenAI's wire format."""

    summary: str
    messages: Sequence[WireMessage]


def recall(conversation: Conversation, policy: MemoryPolicy, *, before: int) -> Memory:
    """Read what happened before message `before`, and fold into the summary what has left the window.

    Changes `conversation.summary` and `summarised_to` in memory only; whoever holds the row's lock saves them.
    """
    window = list(
        conversation.messages.filter(
            sequence__lt=before,
            sequence__gt=conversation.summarised_to,
            role__in=[Message.Role.PERSON, Message.Role.AGENT],
        )
        .exclude(text="")
        .order_by("-sequence")[: policy.recent_messages]
    )
    kept = _within_budget(window)[::-1]
    if len(window) == policy.recent_messages or len(kept) < len(window):
        _fold(conversation, policy, before=kept[0].sequence if kept else before)
    return Memory(conversation.summary if policy.summarise else "", [_wire(message) for message in kept])


def _within_budget(newest_first: Sequence[Message]) -> list[Message]:
    kept, left = [], BUDGET_TOKENS * CHARACTERS_PER_TOKEN
    for message in newest_first:
        left -= len(message.text)
        if left < 0:
            break
        kept.append(message)
    return kept


def _wire(message: Message) -> WireMessage:
    role = "user" if message.role == Message.Role.PERSON else "assistant"
    return {"role": role, "content": message.text}


def _fold(conversation: Conversation, policy: MemoryPolicy, *, before: int) -> None:
    leaving = list(
        conversation.messages.filter(sequence__gt=conversation.summarised_to, sequence__lt=before)
        .select_related("agent")
        .order_by("sequence")[:FOLD_AT_ONCE]
    )
    if not leaving:
        return
    if policy.summarise:
        conversation.summary = extend_summary(conversation.summary, leaving)
    conversation.summarised_to = leaving[-1].sequence


def extend_summary(summary: str, messages: Iterable[Message]) -> str:
    """Add a line for each message that says something; drop the oldest lines past 2,400 characters."""
    lines = [*summary.splitlines(), *filter(None, map(_line, messages))]
    while lines and sum(len(line) + 1 for line in lines) > SUMMARY_CHARACTERS:
        lines.pop(0)
    return "\n".join(lines)


def _line(message: Message) -> str:
    if message.role == Message.Role.PERSON:
        return f"- Person: {first_sentence(message.text)}"
    if message.role == Message.Role.TOOL:
        return f"- {message.data.get('name')} gave: {first_sentence(str(message.data.get('result', '')))}"
    if message.role == Message.Role.AGENT and message.text:
        return f"- {message.agent.name if message.agent else 'Agent'}: {first_sentence(message.text)}"
    return ""


def first_sentence(text: str) -> str:
    """The first sentence on one line, 160 characters at most."""
    line = " ".join(text.split())
    match = _SENTENCE.match(line)
    sentence = match.group(0) if match else line
    return sentence if len(sentence) <= SENTENCE_CHARACTERS else sentence[: SENTENCE_CHARACTERS - 1].rstrip() + "…"


def estimate_tokens(messages: Iterable[WireMessage]) -> int:
    """Tokens of a prompt, four characters each: good enough to choose a model, never to bill."""
    return sum(len(str(message.get("content") or "")) // CHARACTERS_PER_TOKEN + 4 for message in messages)
