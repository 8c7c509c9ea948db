"""One box for the whole organization: agents by name and task, tickets by number and words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db.models import Q

from agents import directory
from agents.models import Agent
from agents.tickets.models import Ticket

MOST = 10
LONGEST = 200
TICKET_NUMBER = re.compile(r"(?:INC|REQ|PRB|CHG)-?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What fits the words: agents and tickets, best first."""

    words: str
    agents: list[Agent] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.agents) + len(self.tickets)


def search(words: str, *, tickets: bool = True) -> Found:
    """Look for agents and, where the person may see them, for tickets. Nothing is found for no words."""
    words = words.replace("\x00", "").strip()[:LONGEST]  # PostgreSQL stores no NUL, and refuses to look for one
    if not words:
        return Found("")
    return Found(words, _agents(words), _tickets(words) if tickets else [])


def _agents(words: str) -> list[Agent]:
    """By the beginning of a name, as one types it; then by what they can do."""
    named = list(Agent.objects.employed().select_related("role").filter(name__icontains=words)[:MOST])
    known = {agent.pk for agent in named}
    return [*named, *(agent for agent in directory.search(words, limit=MOST) if agent.pk not in known)][:MOST]


def _tickets(words: str) -> list[Ticket]:
    if TICKET_NUMBER.fullmatch(words):
        prefix, digits = words[:3].upper(), words[3:].lstrip("-")
        return list(Ticket.objects.filter(number=f"{prefix}-{digits.zfill(6)}"))
    matching = Ticket.objects.matching(words).values("pk")
    return list(Ticket.objects.filter(Q(pk__in=matching) | Q(title__icontains=words)).order_by("-updated_at")[:MOST])
