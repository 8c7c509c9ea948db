"""Asking: who may, what is stored at once, and what a question that was sent twice finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from agents import directory
from agents.chat import conversations
from agents.chat.conversations import clean_text
from agents.chat.exceptions import (
    ClientIdReused,
    ConversationArchived,
    ConversationBusy,
    ConversationNotFound,
    EmptyQuestion,
    QuestionTooLong,
)
from agents.chat.models import CLIENT_ID_LENGTH, MAX_QUESTION_LENGTH, Conversation, Message, Turn
from agents.chat.rows import ALWAYS_SAVED
from agents.models import Agent
from agents.runtime import memory
from agents.runtime.memory import Memory
from agents.tools import Asker
from audit.chain import record
from billing.quotas import RateLimit, admit_request
from tenants.context import Tenant
from tenants.exceptions import Forbidden, Invalid
from tenants.standing import renew

NOTHING = Memory("", [])


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks, and where. Without a conversation a new one is opened with `agent_slug` or the front desk.

    `client_id` makes sending it again harmless. `history` replaces the conversation's own memory, for clients that
    bring all messages along (OpenAI's wire format). `is_admitted`: the request has been counted already.
    """

    tenant: Tenant
    user: Asker
    text: str
    conversation_id: UUID | None = None
    agent_slug: str | None = None
    client_id: str = ""
    requested_model: str = "auto"
    source: str = Conversation.Source.CHAT
    history: Sequence[Mapping[str, Any]] | None = None
    is_admitted: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that is ready to run, or one that had been begun before with the same client id (`is_new` False)."""

    question: Question
    turn_id: UUID
    turn_pk: int
    query_id: UUID
    conversation_id: UUID
    conversation_pk: int
    question_id: UUID
    agent: Agent
    memory: Memory
    frame: int
    rate_limit: RateLimit | None = None
    is_new: bool = True


def begin(question: Question, *, owner: str) -> Begun:
    """Admit the question and store it: from here on it is kept, whatever happens to the answer.

    Raises StandingLost, Forbidden, EmptyQuestion, QuestionTooLong, QuotaExceeded, ConversationNotFound,
    ConversationBusy and ClientIdReused. Writes `chat.message.asked` (and `chat.conversation.opened`) in the same
    transaction.
    """
    text = check_text(question.text)
    question = replace(
        question,
        text=text,
        client_id=clean_text(question.client_id),
        requested_model=clean_text(question.requested_model) or "auto",
    )
    question = replace(question, user=renew(question.user, question.tenant))
    if not question.user.has_perm("chat.send_message"):
        raise Forbidden("This needs the permission chat.send_message. Members have it from operator up, keys by scope.")
    if len(question.client_id) > CLIENT_ID_LENGTH:
        raise Invalid(f"A client id has at most {CLIENT_ID_LENGTH} characters.")
    known = _find_begun(question, text)
    if known is not None:
        return known
    rate_limit = None if question.is_admitted else admit_request(question.user.actor)
    try:
        with transaction.atomic():
            return _begin(question, text, owner, rate_limit)
    except IntegrityError as error:
        return _explain(error, question, text)


def check_text(text: str) -> str:
    """Return the text as it can be stored. Raises EmptyQuestion, QuestionTooLong."""
    if len(text) > MAX_QUESTION_LENGTH:
        raise QuestionTooLong(len(text))
    if not text.strip():
        raise EmptyQuestion("Write something first.", errors={"text": ["must not be empty"]})
    return clean_text(text)


def _find_begun(question: Question, text: str) -> Begun | None:
    if not question.client_id:
        return None
    turns = Turn.objects.select_related("conversation__agent__role")
    turn = turns.filter(actor=question.user.actor, client_id=question.client_id).first()
    if turn is None:
        return None
    asked = turn.messages.filter(role=Message.Role.PERSON).order_by("sequence").first()
    same_place = question.conversation_id in (None, turn.conversation.public_id)
    if asked is None or asked.text != text or not same_place:
        raise ClientIdReused("The same client id was sent with another message before. Use a new one for each message.")
    conversation = turn.conversation
    return Begun(
        question=question,
        turn_id=turn.public_id,
        turn_pk=turn.pk,
        query_id=turn.query_id,
        conversation_id=conversation.public_id,
        conversation_pk=conversation.pk,
        question_id=asked.public_id,
        agent=conversation.agent,
        memory=NOTHING,
        frame=conversation.last_frame,
        is_new=False,
    )


def _explain(error: IntegrityError, question: Question, text: str) -> Begun:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if name == "chat_turn_client_id_once":
        known = _find_begun(question, text)
        if known is not None:
            return known
    if name == "chat_turn_one_at_a_time":
        raise ConversationBusy("An answer is being written here. Wait for it, or stop it first.") from None
    raise error


def _begin(question: Question, text: str, owner: str, rate_limit: RateLimit | None) -> Begun:
    user = question.user
    conversation = _opened(question, text) if question.conversation_id is None else _continued(question, text)
    agent = conversation.agent
    # Of two questions at once the second meets the constraint on running turns, see `_explain`.
    turn = Turn.objects.create(
        conversation=conversation,
        client_id=question.client_id,
        actor=user.actor,
        owner=owner,
        requested_model=question.requested_model,
    )
    asked = Message.objects.create(
        conversation=conversation,
        turn=turn,
        sequence=conversation.last_sequence,
        role=Message.Role.PERSON,
        text=text,
    )
    remembered = NOTHING
    if question.conversation_id is not None:
        remembered = memory.recall(conversation, agent.memory, before=asked.sequence)
        conversation.save(update_fields=[*ALWAYS_SAVED, "agent", "title", "preview", "summary", "summarised_to"])
    record(
        action="chat.message.asked",
        target=asked.target,
        actor=user.actor,
        payload={
            "conversation": str(conversation.public_id),
            "query": str(turn.query_id),
            "agent": agent.name,
            "agent_slug": agent.slug,
            "characters": len(text),
        },
    )
    return Begun(
        question=question,
        turn_id=turn.public_id,
        turn_pk=turn.pk,
        query_id=turn.query_id,
        conversation_id=conversation.public_id,
        conversation_pk=conversation.pk,
        question_id=asked.public_id,
        agent=agent,
        memory=remembered,
        frame=conversation.last_frame,
        rate_limit=rate_limit,
    )


def _opened(question: Question, text: str) -> Conversation:
    """A new conversation, already saved as its first message leaves it."""
    line = conversations.make_title(text)
    return conversations.open_conversation(
        question.user, agent_slug=question.agent_slug, source=question.source, title=line, preview=line, last_sequence=1
    )


def _continued(question: Question, text: str) -> Conversation:
    """The asker's conversation, locked, as this message changes it; the caller saves it."""
    own = conversations.conversations_of(question.user).select_related(None).select_for_update()
    conversation = own.filter(public_id=question.conversation_id).first()
    if conversation is None:
        raise ConversationNotFound("There is no such conversation, or it is somebody else's.")
    if conversation.is_archived:
        raise ConversationArchived("This conversation is archived. Open a new one.")
    conversation.agent = _agent_for(conversation)
    conversation.last_sequence += 1
    conversation.preview = conversations.make_title(text)
    conversation.title = conversation.title or conversation.preview
    return conversation


def _agent_for(conversation: Conversation) -> Agent:
    """Whoever has the conversation, as long as they are on duty; the front desk takes over its own channel."""
    found = directory.find_on_duty(conversation.agent_id)
    if found is not None:
        return found
    if conversation.channel == Conversation.Channel.FRONT_DESK:
        return conversations.find_front_desk()
    return conversations.find_agent(conversation.agent.slug)
