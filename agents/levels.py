"""The five levels of the workforce, highest first."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    EXECUTIVE = "executive"
    SENIOR_MANAGER = "senior_manager"
    MANAGER = "manager"
    TEAM_LEAD = "team_lead"
    SPECIALIST = "specialist"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()

    @property
    def rank(self) -> int:
        """0 for the top, 4 for specialists."""
        return list(Level).index(self)

    def is_above(self, other: Level) -> bool:
        return self.rank < other.rank


LEVEL_CHOICES = [(level.value, level.label) for level in Level]
