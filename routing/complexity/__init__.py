"""Complexity of a query: how likely a small model's answer would not be good enough, and why.

`score` runs in plain Python, needs no database and takes about a millisecond for a short query. Of a long text it reads
the first 1,500 and the last 1,000 characters. How the weights come about is told in `docs/routing.md`.
"""

from dataclasses import dataclass

from .industries import UnknownIndustry, industry_named
from .model import load
from .reading import read
from .reasons import reasons

__all__ = ["Complexity", "UnknownIndustry", "score"]


@dataclass(frozen=True)
class Complexity:
    """`score` is the calibrated probability in [0, 1]; from `threshold` on the `tier` is large, below it small."""

    score: float
    tier: str
    threshold: float
    reasons: list[str]


def score(text: str, industry: str = "general") -> Complexity:
    """Score a query for an industry of `industries.json`; raises UnknownIndustry."""
    chosen = industry_named(industry)
    reading, model = read(text), load()
    value = round(model.probability(reading), 4)
    tier = "large" if value >= chosen.threshold else "small"
    return Complexity(value, tier, chosen.threshold, reasons(reading, value, chosen, model))
