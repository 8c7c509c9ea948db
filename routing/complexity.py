from dataclasses import dataclass


@dataclass(frozen=True)
class Complexity:
    score: float
    tier: str
    threshold: float
    reasons: list


def score(text, industry="general"):
    s = min(1.0, len(text) / 200)
    return Complexity(
        s, "large" if s >= 0.4 else "small", 0.4, ["It is a short text" if s < 0.4 else "It is a long text"]
    )
