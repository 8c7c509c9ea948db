"""The platform's own chain, and what is kept of every chain outside its tenant's schema."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.utils import timezone

from audit.stored import StoredEntry, StoredPayload


class PlatformEntry(StoredEntry):
    """An entry of the platform's chain."""

    class Meta(StoredEntry.Meta):
        default_permissions = ("view",)
        verbose_name = "platform audit entry"
        verbose_name_plural = "platform audit entries"
        db_table = "audit_platform_entry"


class PlatformPayload(StoredPayload):
    """The payload of an entry of the platform's chain."""

    class Meta(StoredPayload.Meta):
        default_permissions = ()
        db_table = "audit_platform_payload"


class Head(models.Model):
    """Where a chain ends. Appending locks this row; it only grows."""

    tenant = models.UUIDField(primary_key=True, editable=False)
    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField(max_length=32)
    count = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = "chain head"

    def __str__(self) -> str:
        return f"{self.tenant} at {self.seq}"


class Mark(models.Model):
    """A position that a verification proved: entry `seq` had `hash` when it was checked.

    Marks are the memory of former checks. A chain rewritten later, with all its links made to fit, contradicts them.
    """

    tenant = models.UUIDField(editable=False)
    seq = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ("view",)
        verbose_name = "verified mark"
        constraints = [models.UniqueConstraint(fields=["tenant", "seq"], name="audit_platform_mark_once")]

    def __str__(self) -> str:
        return f"{self.tenant} proven up to {self.seq}"


class VerificationRun(models.Model):
    """One verification of one chain: how far it is, and what it found."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        WHOLE = "whole", "Whole"
        BROKEN = "broken", "Broken"
        FAILED = "failed", "Not finished"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tenant = models.UUIDField(editable=False)
    full = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    actor = models.CharField(max_length=80)
    first_seq = models.BigIntegerField(default=1)
    checked = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    faults = models.JSONField(default=list, blank=True)
    words = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    progressed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        ordering = ["-id"]
        indexes = [models.Index(fields=["tenant", "-id"], name="audit_platform_run_latest")]

    def __str__(self) -> str:
        return f"{self.tenant}: {self.state}, {self.checked} of {self.total}"

    @property
    def is_running(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}

    @property
    def is_whole(self) -> bool:
        return self.state == self.State.WHOLE

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at
