"""What both kinds of chain store alike: a tenant's own (this app) and the platform's (`audit.platform`)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from audit.entry import format_at, read_json

# Prefix searches (`action LIKE 'tickets.%'`) need this operator class unless the locale is C.
PREFIX_SEARCH = ["varchar_pattern_ops", "int8_ops"]


class AppendOnly(Exception):
    """Chain rows are written by `audit.chain` alone, and never changed."""


class AppendOnlyQuerySet(models.QuerySet):
    """Refuses early, in words, what the database refuses anyway."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Audit entries are never deleted.")


class StoredEntry(models.Model):
    """One entry as stored: its canonical bytes, its hash, and beside them columns to search by.

    The columns say nothing that the bytes do not say; the verifier compares them.
    """

    seq = models.BigIntegerField(unique=True)
    prev = models.BinaryField(unique=True, max_length=32)
    hash = models.BinaryField(unique=True, max_length=32)
    canonical = models.BinaryField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=100)
    target = models.CharField(max_length=255)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-seq"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["action", "seq"], opclasses=PREFIX_SEARCH, name="%(app_label)s_by_action"),
            models.Index(fields=["actor", "seq"], opclasses=PREFIX_SEARCH, name="%(app_label)s_by_actor"),
            models.Index(fields=["target", "seq"], opclasses=PREFIX_SEARCH, name="%(app_label)s_by_target"),
            models.Index(fields=["at", "seq"], name="%(app_label)s_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="%(app_label)s_seq_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    @property
    def hash_hex(self) -> str:
        return bytes(self.hash).hex()

    @property
    def prev_hex(self) -> str:
        return bytes(self.prev).hex()

    @property
    def canonical_text(self) -> str:
        return bytes(self.canonical).decode(errors="replace")

    @property
    def at_text(self) -> str:
        return format_at(self.at)

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are written by audit.chain.record().")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit entries are never deleted.")


class StoredPayload(models.Model):
    """The payload of an entry, apart from it so that it can be erased: salt and canonical bytes, NULL once erased.

    `entry_hash` repeats the entry's hash. Whoever rewrites the chain and forgets this table gives the place away.
    """

    seq = models.BigIntegerField(primary_key=True)
    entry_hash = models.BinaryField(max_length=32)
    salt = models.BinaryField(null=True, max_length=16)
    canonical = models.BinaryField(null=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-seq"]

    def __str__(self) -> str:
        return f"payload of {self.seq}"

    @property
    def is_erased(self) -> bool:
        return self.canonical is None

    @property
    def value(self) -> dict[str, Any] | None:
        """The payload, or None when it was erased. Raises NotCanonical when the stored bytes are no JSON."""
        if self.canonical is None:
            return None
        found: dict[str, Any] = read_json(self.canonical)
        return found

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Payloads are written by audit.chain.record().")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Payloads are never deleted.")
