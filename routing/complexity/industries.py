"""Where each industry draws the line between small and large: `industries.json`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("industries.json")
BALANCED = "general"
ALIASES = {"helpdesk": BALANCED}
"""Names that data sets use for the general industry."""


class UnknownIndustry(ValueError):
    """An industry that has no threshold; the message names those that have."""


@dataclass(frozen=True, slots=True)
class Industry:
    """From `threshold` on a query goes to the large model; `leaning` is accuracy, cost or balanced."""

    name: str
    threshold: float
    leaning: str


@cache
def industries() -> dict[str, Industry]:
    """Return all industries by name."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: Industry(name, row["threshold"], row["leaning"]) for name, row in data.items()}


def industry_named(name: str) -> Industry:
    """Return an industry; raises UnknownIndustry."""
    known = industries()
    found = known.get(ALIASES.get(name, name))
    if found is None:
        raise UnknownIndustry(f"Unknown industry {name[:50]!r}: allowed are {', '.join(sorted(known))}.")
    return found
