"""The rows of a conversation as its writers handle them: locked, numbered, saved."""

from __future__ import annotations

from typing import Any

from agents.chat.models import Conversation, Message, Turn

ALWAYS_SAVED = ["last_sequence", "last_frame", "updated_at"]


def lock(conversation_pk: int) -> Conversation:
    """The conversation's row, held until the end of the transaction; without its agent, whom writers do not need."""
    return Conversation.objects.select_for_update().get(pk=conversation_pk)


def add(conversation: Conversation, turn: Turn | None, role: str, **values: Any) -> Message:
    conversation.last_sequence += 1
    return Message.objects.create(
        conversation=conversation, turn=turn, sequence=conversation.last_sequence, role=role, **values
    )
