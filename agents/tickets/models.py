"""Tickets, their comments and their history."""

from __future__ import annotations

import re
from uuid import uuid4

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.utils import timezone

from agents.models import Agent
from agents.tickets.priorities import LEVELS, WORDS
from agents.tickets.states import ALL_STATES, KIND_LABELS, LIFE_CYCLES, OPEN_STATES, LifeCycle, Transition

LEVEL_CHOICES = [(level, level.capitalize()) for level in LEVELS]
SEARCH = SearchVector("number", "title", "description", config="simple")
DASHES = re.compile(r"-[-\s]*-")


class TicketCounter(models.Model):
    """The last number given to each type; locked while a ticket is opened, so numbers have no gaps and no doubles."""

    kind = models.CharField(max_length=16, primary_key=True, choices=list(KIND_LABELS.items()))
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.kind}: {self.last}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def open(self) -> TicketQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def matching(self, words: str) -> TicketQuerySet:
        """Tickets whose number, title or description hold all the words."""
        # PostgreSQL fails on some thirty negations in a row.
        query = SearchQuery(DASHES.sub("-", words), config="simple", search_type="websearch")
        return self.annotate(found=SEARCH).filter(found=query)


class Ticket(models.Model):
    """One record of the desk. Changed only through `agents.tickets.desk`."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    number = models.CharField(max_length=12, unique=True, editable=False)
    kind = models.CharField(max_length=16, choices=list(KIND_LABELS.items()))
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=20_000, blank=True)
    impact = models.CharField(max_length=6, choices=LEVEL_CHOICES, default="medium")
    urgency = models.CharField(max_length=6, choices=LEVEL_CHOICES, default="medium")
    priority = models.PositiveSmallIntegerField(choices=[(n, f"{n} {word}") for n, word in WORDS.items()])
    state = models.CharField(max_length=12, choices=list(ALL_STATES.items()))
    resolution = models.TextField(max_length=20_000, blank=True)
    assigned_agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets")
    assigned_person = models.UUIDField(null=True, blank=True)
    requester = models.CharField(max_length=80, help_text="An actor: person:UUID, key:UUID or agent:UUID.")
    opened_by = models.CharField(max_length=80)
    conversation = models.UUIDField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "priority", "-id"], name="tickets_state_priority"),
            models.Index(fields=["kind", "state", "-id"], name="tickets_kind_state"),
            models.Index(fields=["assigned_agent", "-id"], name="tickets_agent"),
            models.Index(fields=["assigned_person", "-id"], name="tickets_person"),
            models.Index(fields=["-updated_at"], name="tickets_updated"),
            GinIndex(SEARCH, name="tickets_search"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def cycle(self) -> LifeCycle:
        return LIFE_CYCLES[self.kind]

    @property
    def priority_word(self) -> str:
        return WORDS[self.priority]

    @property
    def state_label(self) -> str:
        """The state in the words of the ticket's type: a new change is a draft."""
        return self.cycle.states[self.state]

    @property
    def is_open(self) -> bool:
        return self.state not in self.cycle.closed

    @property
    def possible_transitions(self) -> list[Transition]:
        return self.cycle.possible(self.state)

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.number}/"


class TicketComment(models.Model):
    """Something said about a ticket; internal ones are for the desk's members only."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="comments")
    author = models.CharField(max_length=80)
    text = models.TextField(max_length=20_000)
    is_internal = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.author} on {self.ticket_id}"


class TicketChange(models.Model):
    """One line of a ticket's history: what was before, what is since, by whom. Replayed, it gives the state."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="changes")
    field = models.CharField(max_length=20)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.field}: {self.before} → {self.after}"
