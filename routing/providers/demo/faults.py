"""Faults that tests and people switch on, so that failover and metering meet real trouble."""

import random
from dataclasses import asdict, dataclass
from typing import Any

KINDS = {
    "error": "answers 500",
    "rate_limit": "answers 429 with Retry-After (`seconds`, 1 by default)",
    "break_stream": "cuts the answer after `after_tokens` tokens (half of it by default)",
    "timeout": "lets the first token wait for `seconds` (600 by default)",
    "refuse": "closes the connection without an answer",
    "wrong_json": "answers 200 with something that is not JSON",
}
DEFAULT_SECONDS = {"rate_limit": 1.0, "timeout": 600.0}


class BadFault(ValueError):
    """A fault that cannot be set; the message says what is allowed."""


@dataclass(slots=True)
class Fault:
    """One kind of trouble for a share of the calls of a model (`*`: all models), at most `times` times."""

    kind: str
    share: float = 1.0
    model: str = "*"
    seconds: float = 0.0
    after_tokens: int | None = None
    times: int | None = None


class Faults:
    """The faults that are on. Shares are drawn from a seeded generator, so that a run can be repeated."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._faults: list[Fault] = []

    def draw(self, model: str) -> Fault | None:
        """Return the fault that hits this call, or nothing."""
        for fault in self._faults:
            if fault.model not in ("*", model) or fault.times == 0:
                continue
            if fault.share >= 1 or self._random.random() < fault.share:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def set(self, given: Any) -> list[dict[str, Any]]:
        """Set one fault from its JSON object (`{"kind": "off"}` ends all of the model); return what is on."""
        fault = _read_fault(given)
        if fault.kind == "off":
            self._faults = [other for other in self._faults if fault.model not in ("*", other.model)]
            return self.current()
        self._faults = [other for other in self._faults if (other.kind, other.model) != (fault.kind, fault.model)]
        if fault.share > 0:
            self._faults.append(fault)
        return self.current()

    def current(self) -> list[dict[str, Any]]:
        """Return the faults that are on, as JSON objects."""
        return [asdict(fault) for fault in self._faults]


def _read_fault(given: Any) -> Fault:
    if not isinstance(given, dict):
        raise BadFault('A fault is a JSON object such as {"kind": "error", "share": 0.5, "model": "gpt-4o"}.')
    kind = given.get("kind")
    if kind != "off" and kind not in KINDS:
        raise BadFault(f"kind {kind!r} is unknown; allowed are off, {', '.join(KINDS)}.")
    model = given.get("model") or "*"
    if not isinstance(model, str):
        raise BadFault("model must be the name of a model, or be left out for all.")
    after, times = given.get("after_tokens"), given.get("times")
    return Fault(
        kind=str(kind),
        share=_number(given, "share", 1.0, 1.0),
        model=model,
        seconds=_number(given, "seconds", DEFAULT_SECONDS.get(str(kind), 0.0), 3600.0),
        after_tokens=None if after is None else int(_number(given, "after_tokens", 1, 1_000_000)),
        times=None if times is None else int(_number(given, "times", 1, 1_000_000)),
    )


def _number(given: dict[str, Any], name: str, default: float, high: float) -> float:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
        raise BadFault(f"{name} must be a number from 0 to {high:g}.")
    return float(value)
