"""A conversation as it stands, for viewers whose frames the stream no longer has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from agents.chat import conversations, journal
from agents.chat.markdown import render_markdown
from agents.chat.models import Conversation, Message, Turn
from agents.chat.rows import lock
from agents.tools import Asker

SNAPSHOT_MESSAGES = 40


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a conversation's frames: the last number that is settled, and whether more are coming."""

    frame: int
    is_running: bool


def look(conversation_id: UUID, user: Asker) -> Standing:
    """Where the conversation stands; a turn whose process has died is ended first. Raises ConversationNotFound."""
    conversation = conversations.find_conversation(conversation_id, user)
    running = conversation.turns.filter(state=Turn.State.RUNNING).exists()
    if running and journal.bury(conversation_id):
        conversation.refresh_from_db(fields=["last_frame"])
        running = False
    return Standing(conversation.last_frame, running)


def take(conversation_id: UUID, user: Asker) -> tuple[int, dict[str, Any]]:
    """The snapshot frame and its number: the last messages, and the turn that is running.

    What it holds is everything up to that number; later frames add to it.
    """
    with transaction.atomic():
        # Writers lock the row: number and texts must be of the same moment.
        return _take(lock(conversations.find_conversation(conversation_id, user).pk))


def _take(conversation: Conversation) -> tuple[int, dict[str, Any]]:
    running = conversation.turns.filter(state=Turn.State.RUNNING).first()
    rows = conversations.messages_of(conversation, limit=SNAPSHOT_MESSAGES)
    content = {
        "type": "snapshot",
        "frame": conversation.last_frame,
        "conversation": conversation.public_id,
        "title": conversation.title,
        "agent": journal.card(conversation.agent).slug,
        "turn": running.public_id if running else None,
        "messages": [message_json(message) for message in rows],
    }
    return conversation.last_frame, content


def message_json(message: Message) -> dict[str, Any]:
    """A message as sockets and REST show it."""
    shown: dict[str, Any] = {
        "id": message.public_id,
        "sequence": message.sequence,
        "role": message.role,
        "agent": message.agent.slug if message.agent else None,
        "agent_name": message.agent.name if message.agent else None,
        "text": message.text,
        "state": message.state,
        "turn": message.turn.public_id if message.turn else None,
        "query": message.turn.query_id if message.turn else None,
        "created_at": message.created_at,
    }
    if message.role == Message.Role.AGENT:
        shown |= _figures(message) | {"html": render_markdown(message.text), "tool_calls": message.tool_calls}
    elif message.data:
        shown["data"] = message.data
    return shown


def _figures(message: Message) -> dict[str, Any]:
    return {
        "model": message.model,
        "provider": message.provider,
        "tier": message.tier,
        "score": message.score,
        "threshold": message.threshold,
        "reasons": message.reasons,
        "tokens": {
            "input": message.input_tokens,
            "output": message.output_tokens,
            "cached": message.cached_tokens,
            "total": message.tokens,
        },
        "cost": journal.plain(message.cost),
        "baseline_cost": journal.plain(message.baseline_cost),
        "latency_ms": message.latency_ms,
        "first_token_ms": message.first_token_ms,
    }
