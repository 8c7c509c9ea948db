"""Reading the log is itself logged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.chain import record
from audit.scope import current_scope
from audit.search import entries

ONCE_IN = timedelta(minutes=15)
VIEWED = "audit.log.viewed"


def log_reading(actor: str, way: str, details: Mapping[str, Any] | None = None) -> int | None:
    """Record that `actor` reads the log by `way` (`page`, `api`, `admin`), once in 15 minutes.

    Otherwise leafing through the log would be what the log is full of. Returns the number of the entry that says so,
    None inside an outer transaction, where it is not written yet.
    """
    seq = _latest(actor)
    if seq is not None:
        return seq
    with transaction.atomic():
        record(VIEWED, f"audit.chain:{current_scope().tenant}", {"way": way, **(details or {})}, actor=actor)
    return _latest(actor)


def _latest(actor: str) -> int | None:
    found = entries().filter(actor=actor, action=VIEWED, at__gt=timezone.now() - ONCE_IN)
    seq: int | None = found.order_by("-seq").values_list("seq", flat=True).first()
    return seq
