"""Conversations, their messages, and the turns that write them: what is true of one row."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import models
from django.db.models import Q

MONEY: dict[str, Any] = {"max_digits": 20, "decimal_places": 10, "default": Decimal(0)}
TITLE_LENGTH = 120
CLIENT_ID_LENGTH = 100
MAX_QUESTION_LENGTH = 32_000


class Conversation(models.Model):
    """A thread between one asker (a person or a key) and whichever agent has it now.

    `last_sequence` and `last_frame` are the numbers given out last, to messages and to frames of the live stream;
    both only grow. `summary` stands for the messages up to `summarised_to`.
    """

    class Channel(models.TextChoices):
        FRONT_DESK: Any = "front_desk", "Front desk"
        AGENT: Any = "agent", "One agent"

    class Source(models.TextChoices):
        CHAT: Any = "chat", "Chat"
        REST: Any = "rest", "REST"
        OPENAI: Any = "openai", "OpenAI-compatible client"

    class State(models.TextChoices):
        OPEN: Any = "open", "Open"
        ARCHIVED: Any = "archived", "Archived"

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.FRONT_DESK)
    source = models.CharField(max_length=6, choices=Source, default=Source.CHAT)
    agent = models.ForeignKey("agents.Agent", on_delete=models.PROTECT, related_name="conversations")
    person_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    last_sequence = models.PositiveIntegerField(default=0)
    last_frame = models.PositiveBigIntegerField(default=0)
    summary = models.TextField(blank=True)
    summarised_to = models.PositiveIntegerField(default=0)
    preview = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person_id__isnull=False, key_id__isnull=True)
                | Q(person_id__isnull=True, key_id__isnull=False),
                name="chat_conversation_one_asker",
            )
        ]
        indexes = [
            models.Index(fields=["person_id", "-updated_at"], name="chat_conversation_person"),
            models.Index(fields=["key_id", "-updated_at"], name="chat_conversation_key"),
        ]

    def __str__(self) -> str:
        return self.title or f"Conversation {self.public_id}"

    @property
    def target(self) -> str:
        """How audit entries name this conversation."""
        return f"chat.conversation:{self.public_id}"

    @property
    def is_archived(self) -> bool:
        return self.state == self.State.ARCHIVED


class Turn(models.Model):
    """One question and what is done to answer it; `query_id` is what usage, routing and audit know it by.

    `client_id` is the client's own id of the question: sent again, it finds this turn and makes no second one.
    `owner` names the process that runs the turn; a running turn whose owner is gone is over (`journal.bury`).
    """

    class State(models.TextChoices):
        RUNNING: Any = "running", "Being answered"
        ANSWERED: Any = "answered", "Answered"
        STOPPED: Any = "stopped", "Stopped"
        FAILED: Any = "failed", "Not answered"

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    query_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    client_id = models.CharField(max_length=CLIENT_ID_LENGTH, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    requested_model = models.CharField(max_length=200, default="auto")
    actor = models.CharField(max_length=80)
    owner = models.CharField(max_length=64, blank=True)
    stop_requested_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.TextField(blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state="running"), name="chat_turn_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["actor", "client_id"], condition=~Q(client_id=""), name="chat_turn_client_id_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Turn {self.public_id}: {self.state}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING


class Message(models.Model):
    """One entry of a thread: what a person wrote, what an agent answered, a tool's call, a hand-over.

    An agent's message stands for one model call and carries its figures. A tool's message has `data` with `call_id`,
    `name`, `arguments`, `result`, `failed`, `duration_ms`; a hand-over's `from`, `to` and `reason`.
    """

    class Role(models.TextChoices):
        PERSON: Any = "person", "Person"
        AGENT: Any = "agent", "Agent"
        TOOL: Any = "tool", "Tool"
        HANDOVER: Any = "handover", "Hand-over"

    class State(models.TextChoices):
        WRITING: Any = "writing", "Being written"
        COMPLETE: Any = "complete", "Complete"
        STOPPED: Any = "stopped", "Stopped"
        FAILED: Any = "failed", "Failed"

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    turn = models.ForeignKey(Turn, null=True, on_delete=models.CASCADE, related_name="messages")
    sequence = models.PositiveIntegerField()
    role = models.CharField(max_length=8, choices=Role)
    agent = models.ForeignKey("agents.Agent", null=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    tool_calls = models.JSONField(default=list, blank=True)
    data = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.COMPLETE)
    model = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=60, blank=True)
    tier = models.CharField(max_length=10, blank=True)
    score = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    reasons = models.JSONField(default=list, blank=True)
    considered = models.JSONField(default=list, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(**MONEY)
    baseline_cost = models.DecimalField(**MONEY)
    latency_ms = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["conversation_id", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="chat_message_sequence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.sequence}"

    @property
    def target(self) -> str:
        return f"chat.message:{self.public_id}"

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def latency(self) -> timedelta | None:
        return None if self.latency_ms is None else timedelta(milliseconds=self.latency_ms)
