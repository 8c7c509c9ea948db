"""Placeholder until the chain lands: checks the call, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from audit.scope import current_scope


def record(
    action: str, target: str, payload: Mapping[str, Any] | None = None, *, actor: str, at: datetime | None = None
) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("audit.record() needs an open transaction.")
    current_scope()
