"""What the demo provider remembers of its calls, so that metering can be checked against it."""

import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KEPT = 20_000
"""Calls that are kept one by one; the totals go on counting."""


@dataclass(slots=True)
class Call:
    """One call. `state` is open, then finished (all sent), cut (a part was sent) or failed (nothing was)."""

    id: str
    model: str
    input_tokens: int
    stream: bool
    request_id: str | None
    metadata: dict[str, str]
    time: float = field(default_factory=time.time)
    output_tokens: int = 0
    state: str = "open"
    status: int = 200
    fault: str | None = None
    duration_ms: float = 0.0
    seq: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the call as the ledger shows it."""
        return {
            "seq": self.seq,
            "id": self.id,
            "model": self.model,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "tokens": self.input_tokens + self.output_tokens,
            "state": self.state,
            "finished": self.state == "finished",
            "time": datetime.fromtimestamp(self.time, UTC).isoformat().replace("+00:00", "Z"),
            "duration_ms": round(self.duration_ms, 3),
            "status": self.status,
            "stream": self.stream,
            "fault": self.fault,
            "request_id": self.request_id,
            "metadata": self.metadata,
        }


class Ledger:
    """Calls in the order in which they ended. Memory is bounded: the oldest go first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._calls: deque[Call] = deque(maxlen=kept)
        self._numbers = itertools.count(1)
        self._open = 0
        self._totals = {"calls": 0, "finished": 0, "cut": 0, "failed": 0, "input_tokens": 0, "output_tokens": 0}

    def open(self, call: Call) -> Call:
        """Note that a call has begun."""
        self._open += 1
        return call

    def close(self, call: Call, state: str) -> None:
        """Note how a call ended; a second close changes nothing."""
        if call.state != "open":
            return
        call.state = state
        call.seq = next(self._numbers)
        call.duration_ms = (time.time() - call.time) * 1000
        if state == "failed":
            # A refused call is not charged for, by any provider.
            call.input_tokens = call.output_tokens = 0
        self._open -= 1
        self._calls.append(call)
        self._totals["calls"] += 1
        self._totals[state] += 1
        self._totals["input_tokens"] += call.input_tokens
        self._totals["output_tokens"] += call.output_tokens

    def read(self, *, since: int = 0, after: float = 0.0, limit: int = 1000) -> dict[str, Any]:
        """Return up to `limit` calls numbered above `since` and begun after Unix time `after`, and totals of all."""
        wanted = (call for call in self._calls if call.seq > since and call.time > after)
        found = list(itertools.islice(wanted, limit))
        return {
            "entries": [call.as_json() for call in found],
            "last": found[-1].seq if found else since,
            "in_flight": self._open,
            "forgotten": self._totals["calls"] - len(self._calls),
            "totals": dict(self._totals),
        }
