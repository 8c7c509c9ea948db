"""What to try next when a provider fails, for how long, and what a failure means."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import openai

from routing.providers.catalogue import ModelOption

FailureKind = Literal[
    "unreachable",
    "timeout",
    "server_error",
    "rate_limited",
    "unauthorized",
    "unknown_model",
    "rejected",
    "broken",
    "unreadable",
    "blocked",
]
# What is worth a second try on the same model a moment later. A server that cannot be reached or hangs is not.
QUICK_RETRY: frozenset[str] = frozenset({"server_error", "broken", "unreadable"})
# What no further round will change within the budget.
HOPELESS: frozenset[str] = frozenset({"rejected", "unauthorized", "unknown_model", "timeout"})
# Turned away by the provider, as against not reached or broken.
REFUSALS: frozenset[str] = frozenset({"rate_limited", "unauthorized", "unknown_model", "rejected", "server_error"})
# What callers do wrong, and limits that pass by themselves, say nothing about a provider's health.
OPENS_BREAKER: frozenset[str] = frozenset(
    {"unreachable", "timeout", "server_error", "unauthorized", "unknown_model", "broken", "unreadable"}
)
MAX_ATTEMPTS = 8
FIRST_DELAY_S = 0.1
MAX_DELAY_S = 4.0


class ProviderFailure(Exception):
    """A provider did not answer. `kind` says how, `retry_after_s` when it wants to be asked again."""

    def __init__(self, kind: FailureKind, words: str, *, retry_after_s: float | None = None, code: str = "") -> None:
        self.kind = kind
        self.words = words
        self.retry_after_s = retry_after_s
        self.code = code
        super().__init__(f"{kind}: {words}")

    @property
    def is_callers(self) -> bool:
        """True when the request itself is wrong, so that nobody else would take it and no breaker counts it."""
        return self.kind == "rejected"

    @property
    def opens_breaker(self) -> bool:
        return self.kind in OPENS_BREAKER

    @property
    def outcome(self) -> str:
        """How the usage record of the attempt ends: turned away, or broken. Neither costs anything."""
        return "refused" if self.kind in REFUSALS else "failed"


def classify(error: BaseException) -> ProviderFailure:
    """Turn what the SDK raises into a failure."""
    if isinstance(error, ProviderFailure):
        return error
    if isinstance(error, openai.APIStatusError):
        return _classify_status(error)
    if isinstance(error, openai.APITimeoutError):
        # The transport calls a server that hangs up before it answers a time-out as well.
        if "Timeout" in type(_root(error)).__name__:
            return ProviderFailure("timeout", "no answer in time")
        return ProviderFailure("unreachable", "hung up before it answered")
    if isinstance(error, openai.APIConnectionError):
        if "Connector" in type(_root(error)).__name__:
            return ProviderFailure("unreachable", "cannot be reached")
        return ProviderFailure("broken", "broke off")
    if isinstance(error, openai.APIError):
        return ProviderFailure("server_error", error.message)
    if isinstance(error, TimeoutError):
        return ProviderFailure("timeout", "no answer in time")
    if isinstance(error, UnicodeEncodeError):
        # Nothing was sent. One caller's broken text must not close a provider for all.
        return ProviderFailure("rejected", "the question holds half a surrogate pair")
    return ProviderFailure("unreadable", "answered something that is not an answer")


def _classify_status(error: openai.APIStatusError) -> ProviderFailure:
    code, status = error.code or "", error.status_code
    if status == 429 and code == "insufficient_quota":
        return ProviderFailure("unauthorized", "our account there is used up", code=code)
    if status == 429:
        return ProviderFailure("rate_limited", "is at its limit", retry_after_s=retry_after(error), code=code)
    if status in (401, 403):
        return ProviderFailure("unauthorized", "does not accept our key", code=code)
    if status == 404:
        return ProviderFailure("unknown_model", "does not know the model", code=code)
    if status in (408, 409) or status >= 500:
        words = f"answered with status {status}"
        return ProviderFailure("server_error", words, retry_after_s=retry_after(error), code=code)
    return ProviderFailure("rejected", error.message, code=code)


def retry_after(error: openai.APIStatusError) -> float | None:
    """Return the seconds of Retry-After (or of `retry-after-ms`), if the provider sent a number."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name])) * unit
        except (KeyError, ValueError):
            continue
    return None


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


@dataclass(frozen=True, slots=True)
class Step:
    """The next model to try, after a pause. `anyway`: although its breaker is open, since nothing else is left."""

    option: ModelOption
    delay_s: float = 0.0
    anyway: bool = False


@dataclass(slots=True)
class Plan:
    """Goes along the chain, then round it again with growing pauses, while the budget lasts.

    A pause honours Retry-After; when that would pass the budget, the plan ends instead of waiting in vain.
    """

    chain: Sequence[ModelOption]
    budget_s: float
    started: float = field(default_factory=time.monotonic)
    attempts: int = 0
    failures: dict[str, ProviderFailure] = field(default_factory=dict)
    _round: int = 0
    _queue: list[Step] = field(default_factory=list)
    _not_before: dict[str, float] = field(default_factory=dict)
    _retried: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._queue = [Step(option) for option in self.chain]

    def next_step(self) -> Step | None:
        """Return what to try next, or nothing when all is lost."""
        if self.attempts >= MAX_ATTEMPTS:
            return None
        if not self._queue and not self._begin_round():
            return None
        step = self._queue.pop(0)
        return step if self._left() >= step.delay_s else None

    def failed(self, option: ModelOption, failure: ProviderFailure) -> None:
        """Note a failed attempt; a passing one is tried once more at once."""
        self.attempts += 1
        self.failures[option.name] = failure
        if failure.retry_after_s is not None:
            self._not_before[option.name] = time.monotonic() + failure.retry_after_s
        elif failure.kind in QUICK_RETRY and option.name not in self._retried:
            self._retried.add(option.name)
            self._queue.insert(0, Step(option, _with_jitter(FIRST_DELAY_S)))

    def blocked(self, option: ModelOption) -> None:
        """Note that the breaker is open, or that somebody else is trying the model right now."""
        self.failures.setdefault(option.name, ProviderFailure("blocked", "has failed too often just now"))

    @property
    def retry_after_s(self) -> float:
        """When it makes sense to ask again."""
        waits = [moment - time.monotonic() for moment in self._not_before.values()]
        return max(1.0, min(waits, default=2.0))

    def _begin_round(self) -> bool:
        self._round += 1
        waiting = [option for option in self.chain if self._is_worth_another(option)]
        if not waiting:
            return False
        pause = _with_jitter(min(MAX_DELAY_S, FIRST_DELAY_S * 2**self._round))
        soonest = min(self._not_before.get(option.name, 0.0) for option in waiting) - time.monotonic()
        first = min(waiting, key=lambda option: self._not_before.get(option.name, 0.0))
        # Nothing healthy is left, so an open breaker has nothing to protect: one caller at a time may look again.
        self._queue = [Step(first, max(pause, soonest), anyway=True)]
        self._queue += [Step(option, anyway=True) for option in waiting if self._is_due(option) and option is not first]
        return True

    def _is_due(self, option: ModelOption) -> bool:
        return self._not_before.get(option.name, 0.0) <= time.monotonic()

    def _is_worth_another(self, option: ModelOption) -> bool:
        failure = self.failures.get(option.name)
        return failure is not None and failure.kind not in HOPELESS

    def _left(self) -> float:
        return self.budget_s - (time.monotonic() - self.started)


def _with_jitter(seconds: float) -> float:
    """Return between half and all of the pause, so that callers who failed together do not come back together."""
    return seconds * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, hides nothing
