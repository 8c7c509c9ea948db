"""Reading tickets: for lists, cards and the overview."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from agents.models import Agent
from agents.tickets.models import Ticket
from tenants.members import display_names


def open_count() -> int:
    """How many tickets are open."""
    return Ticket.objects.open().count()


def counts_by_state(kind: str) -> dict[str, int]:
    """How many tickets of a type are in each state."""
    rows = Ticket.objects.filter(kind=kind).order_by().values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


def needing_a_person(limit: int = 5) -> list[Ticket]:
    """Open tickets that wait for a person, most urgent first: for a decision, or without anyone assigned."""
    waiting = Ticket.objects.open().filter(state="approval")
    orphans = Ticket.objects.open().filter(assigned_agent=None, assigned_person=None)
    rows = (waiting | orphans).order_by("priority", "id")[:limit]
    return list(rows)


@dataclass(frozen=True, slots=True)
class Name:
    """Who an actor is, as pages show it. `kind` is person, key, agent or system."""

    kind: str
    name: str
    slug: str = ""
    icon: str = ""


def names_of(actors: Iterable[str]) -> dict[str, Name]:
    """Names for actors (`person:UUID`, `agent:UUID`, …), two queries for any number of them."""
    wanted = {actor: actor.partition(":") for actor in set(actors) if actor}
    people = [UUID(value) for kind, _, value in wanted.values() if kind == "person"]
    agents = [UUID(value) for kind, _, value in wanted.values() if kind == "agent"]
    names = display_names(people)
    known = {a.public_id: a for a in Agent.objects.filter(public_id__in=agents)} if agents else {}
    found: dict[str, Name] = {}
    for actor, (kind, _, value) in wanted.items():
        if kind == "person":
            found[actor] = Name("person", names.get(UUID(value), "Former member"))
        elif kind == "agent":
            agent = known.get(UUID(value))
            found[actor] = Name(
                "agent", agent.name if agent else "Agent", agent.slug if agent else "", agent.icon if agent else ""
            )
        else:
            found[actor] = Name(kind, "API key" if kind == "key" else value.replace("_", " "))
    return found


def assignee_names(tickets: Iterable[Ticket]) -> dict[int, Name | None]:
    """The assignee of each ticket by primary key; the agents must be selected with the tickets."""
    rows = list(tickets)
    people = display_names([row.assigned_person for row in rows if row.assigned_person])
    found: dict[int, Name | None] = {}
    for row in rows:
        if row.assigned_agent is not None:
            agent = row.assigned_agent
            found[row.pk] = Name("agent", agent.name, agent.slug, agent.icon)
        elif row.assigned_person:
            found[row.pk] = Name("person", people.get(row.assigned_person, "Former member"))
        else:
            found[row.pk] = None
    return found


def card(ticket: Ticket) -> dict[str, Any]:
    """What the chat shows of a ticket that a tool opened or changed."""
    who = assignee_names([ticket])[ticket.pk]
    return {
        "id": str(ticket.public_id),
        "number": ticket.number,
        "kind": ticket.kind,
        "title": ticket.title,
        "priority": ticket.priority,
        "state": ticket.state,
        "state_label": ticket.state_label,
        "assignee": who.name if who else None,
        "url": ticket.get_absolute_url(),
    }
