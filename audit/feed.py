"""The chain as a feed: who wants to know of new entries is called after their transaction has committed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AppendedEntry:
    """One committed entry. `payload` is as stored: canonical values, secrets masked."""

    tenant: UUID
    seq: int
    hash: str
    at: datetime
    actor: str
    action: str
    target: str
    payload: dict[str, Any]


Subscriber = Callable[[UUID, list[AppendedEntry]], None]
_subscribers: list[Subscriber] = []


def on_appended(fn: Subscriber) -> Subscriber:
    """Call `fn(tenant_id, entries)` after each commit that appended entries, in the context of their chain.

    Entries come in the order of the chain. An error in `fn` is logged and never reaches the request. Usable as a
    decorator; registering twice is registering once.
    """
    if fn not in _subscribers:
        _subscribers.append(fn)
    return fn


def off_appended(fn: Subscriber) -> None:
    """Forget a subscriber."""
    if fn in _subscribers:
        _subscribers.remove(fn)


def publish(tenant: UUID, entries: list[AppendedEntry]) -> None:
    """Hand a committed batch to all subscribers."""
    for subscriber in tuple(_subscribers):
        try:
            subscriber(tenant, entries)
        except Exception:
            logger.exception("A subscriber of the audit feed failed on %d entries of %s", len(entries), tenant)
