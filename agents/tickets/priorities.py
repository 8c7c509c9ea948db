"""Priority from impact and urgency, by ITIL's matrix."""

from __future__ import annotations

LEVELS = ("high", "medium", "low")

# Rows by impact, columns by urgency; 1 is the highest. The usual matrix of ITIL 4's practice guides.
MATRIX = {
    "high": {"high": 1, "medium": 2, "low": 3},
    "medium": {"high": 2, "medium": 3, "low": 4},
    "low": {"high": 3, "medium": 4, "low": 5},
}
WORDS = {1: "Critical", 2: "High", 3: "Moderate", 4: "Low", 5: "Planning"}


def priority_of(impact: str, urgency: str) -> int:
    """Priority 1 (critical) to 5 (planning) of an impact and an urgency, each `high`, `medium` or `low`."""
    return MATRIX[impact][urgency]
