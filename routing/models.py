"""What was decided for each model call of this tenant, and what came of it."""

import uuid

from django.db import models
from django.utils import timezone


class DecisionOutcome(models.TextChoices):
    ANSWERED = "answered", "Answered"
    INTERRUPTED = "interrupted", "Interrupted"
    FAILED = "failed", "No provider answered"


class RoutingDecision(models.Model):
    """One per call of the gateway; the calls of one question share its `query_id`."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    query_id = models.UUIDField(db_index=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    requested = models.CharField(max_length=200)
    industry = models.CharField(max_length=20)
    score = models.FloatField()
    threshold = models.FloatField()
    tier = models.CharField(max_length=8)
    model = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    reasons = models.JSONField(default=list)
    considered = models.JSONField(default=list)
    outcome = models.CharField(max_length=12, choices=DecisionOutcome.choices)
    attempts = models.PositiveSmallIntegerField(default=1)
    agent_slug = models.CharField(max_length=80, blank=True)
    conversation_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=80)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    baseline_cost = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    first_token_ms = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.query_id}: {self.model or self.tier}"
