"""What one turn may use. Every limit ends the turn with an outcome that names it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tenants.exceptions import Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """`rounds` are model calls, `tool_calls` the calls of all rounds, `parallel` how many of them run at once.

    `cost` is in US dollars and is checked between calls, so the call that crosses it is still paid.
    """

    rounds: int = 8
    tool_calls: int = 16
    parallel: int = 4
    handoffs: int = 3
    seconds: float = 180.0
    cost: Decimal = Decimal("2.00")


class LimitReached(Refusal):
    """A turn has used what it may. `limit_name` is a field of `Limits`."""

    status = 422
    type = "limit-reached"
    title = "The agent has reached a limit"

    _words = {
        "rounds": "asked its model {limit} times without coming to an answer",
        "tool_calls": "wanted to call more than {limit} tools for one question",
        "handoffs": "was about to be handed on more than {limit} times",
        "seconds": "worked on this for {limit:g} seconds without coming to an answer",
        "cost": "has spent {limit} USD on one question",
    }

    def __init__(self, limit_name: str, limit: int | float | Decimal, agent: str) -> None:
        self.limit_name, self.limit = limit_name, limit
        words = self._words[limit_name].format(limit=limit)
        super().__init__(
            f"{agent} {words}, which is the limit. What was done so far is kept; ask again in smaller steps.",
            extra={"limit_name": limit_name, "limit": str(limit)},
        )
