"""Conversations of whoever asks: opening, finding, listing, naming, putting away. Each asker sees their own."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from agents import directory
from agents.chat.exceptions import ConversationNotFound, NobodyOnDuty
from agents.chat.models import TITLE_LENGTH, Conversation, Message
from agents.models import Agent
from agents.tools import Asker
from audit.chain import record
from tenants.exceptions import Invalid, NotFound

FRONT_DESK = "front-desk"
_NOT_FOUND = "There is no such conversation, or it is somebody else's."
_MARKS = re.compile(
    r"(?m)^\s*(?:#{1,6}|>|[-*+]|\d+\.)\s+"
    r"|[*`~]{1,3}(?=\S)|(?<=\S)[*`~]{1,3}|(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)"
)


def asker_fields(user: Asker) -> dict[str, UUID | None]:
    """The two id columns for a person or a key."""
    is_key = user.actor.startswith("key:")
    return {"person_id": None if is_key else user.public_id, "key_id": user.public_id if is_key else None}


def find_front_desk() -> Agent:
    """The agent that takes what is addressed to nobody: `front-desk`, else the first that can hand over.

    Raises NobodyOnDuty, saying what to do.
    """
    people = directory.on_duty()
    found = next((each for each in people if each.slug == FRONT_DESK), None)
    able = sorted((each for each in people if "hand_over" in each.tools), key=lambda each: each.pk)
    found = found or next(iter(able), None)
    if found is None:
        raise NobodyOnDuty(
            "There is no front desk on duty. Hire one from the catalogue, or write to an agent directly."
        )
    return found


def find_agent(slug: str) -> Agent:
    """An agent on duty by slug. Raises NotFound, or NobodyOnDuty when it is paused or archived."""
    agent = Agent.objects.select_related("role").filter(slug=slug).first()
    if agent is None:
        raise NotFound(f"There is no agent {slug}.")
    if not agent.is_active:
        raise NobodyOnDuty(f"{agent.name} is {agent.get_status_display().lower()} and takes no conversations.")
    return agent


def open_conversation(
    user: Asker,
    *,
    agent_slug: str | None = None,
    source: str = Conversation.Source.CHAT,
    title: str = "",
    **values: Any,
) -> Conversation:
    """Open a conversation with an agent, or with the front desk. Writes `chat.conversation.opened`."""
    with transaction.atomic():
        agent = find_agent(agent_slug) if agent_slug else find_front_desk()
        channel = Conversation.Channel.AGENT if agent_slug else Conversation.Channel.FRONT_DESK
        conversation = Conversation(
            agent=agent, channel=channel, source=source, title=make_title(title), **asker_fields(user), **values
        )
        conversation.save(force_insert=True)
        record(
            action="chat.conversation.opened",
            target=conversation.target,
            actor=user.actor,
            payload={"agent": agent.name, "agent_slug": agent.slug, "channel": str(channel), "source": str(source)},
        )
    return conversation


def conversations_of(user: Asker) -> QuerySet[Conversation]:
    """Those of this person or key, last used first; for use inside the tenant's context only."""
    owned = {name: value for name, value in asker_fields(user).items() if value is not None}
    return Conversation.objects.filter(**owned).select_related("agent", "agent__role")


def find_conversation(public_id: UUID | str, user: Asker) -> Conversation:
    """One of the asker's own. Raises ConversationNotFound, also for other people's."""
    found = conversations_of(user).filter(public_id=read_id(public_id)).first()
    if found is None:
        raise ConversationNotFound(_NOT_FOUND)
    return found


def read_id(public_id: UUID | str) -> UUID:
    """Read a conversation's id. Raises ConversationNotFound for what is none."""
    try:
        return UUID(str(public_id))
    except ValueError:
        raise ConversationNotFound(_NOT_FOUND) from None


def messages_of(conversation: Conversation, *, after: int = 0, limit: int = 500) -> list[Message]:
    """The last `limit` messages past sequence `after`, oldest first."""
    rows = conversation.messages.filter(sequence__gt=after).select_related("agent", "turn").order_by("-sequence")
    return list(rows[:limit])[::-1]


def rename(conversation: Conversation, title: str, *, actor: str) -> Conversation:
    """Give the conversation a title of 1 to 120 characters. Writes `chat.conversation.renamed`."""
    cleaned = make_title(title)
    if not cleaned:
        raise Invalid("A title needs at least one character.", errors={"title": ["1 to 120 characters."]})
    return _change(conversation, "renamed", actor, title=cleaned)


def archive(conversation: Conversation, *, actor: str) -> Conversation:
    """Put the conversation away; it can still be read. Writes `chat.conversation.archived`."""
    return _change(conversation, "archived", actor, state=Conversation.State.ARCHIVED)


def _change(conversation: Conversation, verb: str, actor: str, **values: Any) -> Conversation:
    with transaction.atomic():
        for name, value in values.items():
            setattr(conversation, name, value)
        conversation.save(update_fields=[*values, "updated_at"])
        record(action=f"chat.conversation.{verb}", target=conversation.target, actor=actor, payload={})
    return conversation


def make_title(text: str) -> str:
    """One line of at most 120 characters."""
    line = " ".join(clean_text(text).split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def make_preview(text: str) -> str:
    """What the list shows of a message: its beginning on one line, without Markdown's marks."""
    return make_title(_MARKS.sub("", text[: TITLE_LENGTH * 4]))


def clean_text(text: str) -> str:
    """Replace what PostgreSQL cannot store in a text: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
