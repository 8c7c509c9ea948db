"""Roles, agents and their versions: what is true of one row. Trees are the business of `agents.hierarchy`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import uuid4

from django.core.validators import RegexValidator
from django.db import models

from agents.levels import LEVEL_CHOICES, Level
from agents.policies import MemoryPolicy

SLUG_LENGTH = 50
slug_validator = RegexValidator(
    r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z", "Use small letters, digits and single hyphens, as in “incident-manager”."
)


class Role(models.Model):
    """What kind of work an agent does, and which permissions of the person who asks it may use."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    slug = models.CharField(max_length=SLUG_LENGTH, unique=True, validators=[slug_validator])
    name = models.CharField(max_length=80)
    level = models.CharField(max_length=20, choices=LEVEL_CHOICES, default=Level.SPECIALIST)
    description = models.CharField(max_length=500, blank=True)
    permissions = models.JSONField(default=list)
    tools = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class Status(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


STATUS_CHOICES = [
    (Status.ACTIVE.value, "On duty"),
    (Status.PAUSED.value, "Paused"),
    (Status.ARCHIVED.value, "Archived"),
]


class AgentQuerySet(models.QuerySet["Agent"]):
    def employed(self) -> AgentQuerySet:
        """Those who count: active and paused."""
        return self.exclude(status=Status.ARCHIVED)

    def on_duty(self) -> AgentQuerySet:
        return self.filter(status=Status.ACTIVE)


class Agent(models.Model):
    """A worker. Changed only through `agents.workforce`, which writes the version and the audit entry with it."""

    Status = Status

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    slug = models.CharField(max_length=SLUG_LENGTH, unique=True, validators=[slug_validator])
    name = models.CharField(max_length=80)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="agents")
    level = models.CharField(max_length=20, choices=LEVEL_CHOICES)
    manager = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    industry = models.CharField(max_length=20, default="general")
    icon = models.CharField(max_length=40, default="briefcase")
    instructions = models.TextField(blank=True)
    description = models.CharField(max_length=500, blank=True, help_text="What it can do, as the directory shows it.")
    tools = models.JSONField(default=list)
    model_policy = models.CharField(max_length=120, default="auto")
    memory_policy = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=STATUS_CHOICES, default=Status.ACTIVE)
    version_number = models.PositiveIntegerField(default=1, editable=False)
    template_slug = models.CharField(max_length=SLUG_LENGTH, blank=True, editable=False)
    template_version = models.PositiveIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(manager__isnull=True) | ~models.Q(manager=models.F("id")),
                name="agent_is_not_its_own_manager",
            ),
        ]
        indexes = [models.Index(fields=["status", "name"], name="agent_status_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        return f"agent:{self.public_id}"

    @property
    def target(self) -> str:
        """How audit entries name this agent."""
        return f"agents.agent:{self.public_id}"

    @property
    def address(self) -> str:
        """The `model` under which OpenAI-compatible clients reach this agent."""
        return f"agent/{self.slug}"

    @property
    def is_active(self) -> bool:
        return self.status == Status.ACTIVE

    @property
    def is_archived(self) -> bool:
        return self.status == Status.ARCHIVED

    @property
    def uses_router(self) -> bool:
        """True when each query may go to the model the router chooses; False when one tier or model is pinned."""
        return self.model_policy == "auto"

    @property
    def memory(self) -> MemoryPolicy:
        return MemoryPolicy.model_validate(self.memory_policy)


class AgentVersion(models.Model):
    """A snapshot of an agent after a change. Written once: the database refuses UPDATE, DELETE and TRUNCATE."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    config = models.JSONField()
    summary = models.CharField(max_length=200)
    actor = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["agent_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["agent", "number"], name="agent_version_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An agent's version is never changed; change the agent, which makes a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An agent's version is never deleted.")
