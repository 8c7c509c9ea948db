"""The ledger of a tenant: usage records, their rollups, and the counters that quotas stand on."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

MONEY: dict[str, Any] = {"max_digits": 20, "decimal_places": 10, "default": 0}


class Kind(StrEnum):
    MODEL_CALL = "model_call"
    TOOL_CALL = "tool_call"
    TICKET = "ticket"


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    FINAL = "final"
    ESTIMATED = "estimated"
    REFUSED = "refused"
    FAILED = "failed"


def choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    """Values with their words, for forms and schemas."""
    return [(value.value, value.value.replace("_", " ").capitalize()) for value in values]


SUCCESSES = (Outcome.FINAL, Outcome.ESTIMATED)


class UsageRecord(models.Model):
    """One thing that was used: an attempt at a model call, a tool call, a ticket.

    Model calls are opened before the attempt and closed exactly once. `answers` marks the one attempt of a query that
    speaks for it, so that queries can be counted by model, tier and agent: the last success, else the last failure.
    `is_rolled_up` says that the rollups have seen the record as it is.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    query_id = models.UUIDField(null=True, db_index=True)
    attempt = models.PositiveSmallIntegerField(null=True)
    kind = models.CharField(max_length=12, choices=choices(Kind), default=Kind.MODEL_CALL)
    name = models.CharField(max_length=100, blank=True)
    provider = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=120, blank=True)
    tier = models.CharField(max_length=10, blank=True)
    agent_id = models.UUIDField(null=True)
    agent_slug = models.CharField(max_length=60, blank=True)
    person_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    conversation_id = models.UUIDField(null=True)
    state = models.CharField(max_length=6, choices=choices(State), default=State.OPEN)
    outcome = models.CharField(max_length=9, choices=choices(Outcome), blank=True)
    error = models.CharField(max_length=60, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(**MONEY)
    baseline_cost = models.DecimalField(**MONEY)
    estimated_input_tokens = models.PositiveIntegerField(default=0)
    estimated_cost = models.DecimalField(**MONEY)
    estimated_baseline_cost = models.DecimalField(**MONEY)
    latency_ms = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    answers = models.BooleanField(default=False)
    is_rolled_up = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["query_id", "attempt"], condition=Q(kind="model_call"), name="billing_record_attempt_unique"
            ),
            models.UniqueConstraint(fields=["query_id"], condition=Q(answers=True), name="billing_record_one_answer"),
            models.CheckConstraint(
                condition=Q(state="open", outcome="", closed_at=None)
                | (Q(state="closed", closed_at__isnull=False) & ~Q(outcome="")),
                name="billing_record_closed_with_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="billing_record_newest"),
            models.Index(fields=["-opened_at"], condition=Q(answers=True), name="billing_record_queries"),
            models.Index(fields=["agent_id", "-opened_at"], name="billing_record_agent"),
            models.Index(fields=["opened_at"], condition=Q(state="open"), name="billing_record_open"),
            models.Index(
                fields=["opened_at"], condition=Q(state="closed", is_rolled_up=False), name="billing_record_stale"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class Rollup(models.Model):
    """Sums over usage records that share a time, a kind, a model and an agent."""

    kind = models.CharField(max_length=12)
    provider = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=120, blank=True)
    tier = models.CharField(max_length=10, blank=True)
    agent_id = models.UUIDField(null=True)
    agent_slug = models.CharField(max_length=60, blank=True)
    records = models.PositiveBigIntegerField(default=0)
    queries = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    estimates = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(**MONEY)
    baseline_cost = models.DecimalField(**MONEY)
    latency_counts = ArrayField(models.PositiveIntegerField(), default=list)

    class Meta:
        abstract = True


class UsageHour(Rollup):
    """An hour, UTC."""

    hour = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "kind", "provider", "model", "tier", "agent_id", "agent_slug"],
                name="billing_hour_unique",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00} {self.kind} {self.model}"


class UsageDay(Rollup):
    """A day, UTC; the sum of its hours."""

    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "provider", "model", "tier", "agent_id", "agent_slug"],
                name="billing_day_unique",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.model}"


class QuotaCounter(models.Model):
    """How much of a countable quota is used: `agents` without a period, `tickets_per_month` in `2026-11`."""

    name = models.CharField(max_length=30)
    period = models.CharField(max_length=7, blank=True)
    used = models.PositiveIntegerField(default=0)
    warned_in = models.CharField(max_length=7, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "period"], name="billing_counter_unique")]

    def __str__(self) -> str:
        return f"{self.name} {self.period}: {self.used}"


class MonthlySpend(models.Model):
    """Model spend of a UTC month, by its first day: what closed records cost, and what is held for open ones."""

    month = models.DateField(unique=True)
    spent = models.DecimalField(**MONEY)
    reserved = models.DecimalField(**MONEY)
    is_warned = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.spent}"


class SpendReservation(models.Model):
    """Money held for a query that is being answered. Deleted when it is released or has expired."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    query_id = models.UUIDField()
    month = models.DateField()
    amount = models.DecimalField(**MONEY)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.amount} for {self.query_id}"
