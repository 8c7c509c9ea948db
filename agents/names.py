"""What agents are called on the pages of the floors below."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse

from agents.models import Agent
from billing.labels import AgentLabel


def agent_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names of agents by public id, archived ones included."""
    return dict(Agent.objects.filter(public_id__in=ids).values_list("public_id", "name"))


def agent_labels(ids: Iterable[UUID]) -> dict[UUID, AgentLabel]:
    """Names, pages and icons of agents by public id, for the costs page."""
    agents = Agent.objects.filter(public_id__in=ids)
    return {
        agent.public_id: AgentLabel(agent.name, reverse("agents:agent-detail", args=[agent.slug]), agent.icon)
        for agent in agents
    }
