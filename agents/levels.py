"""The five levels of the workforce, highest first."""

from __future__ import annotations

from django.db import models


class Level(models.TextChoices):
    EXECUTIVE = "executive", "Executive"
    SENIOR_MANAGER = "senior_manager", "Senior manager"
    MANAGER = "manager", "Manager"
    TEAM_LEAD = "team_lead", "Team lead"
    SPECIALIST = "specialist", "Specialist"

    @property
    def rank(self) -> int:
        """0 for the top, 4 for specialists."""
        return list(Level).index(self)

    def is_above(self, other: Level) -> bool:
        return self.rank < other.rank
