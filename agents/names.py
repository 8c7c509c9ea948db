"""What agents are called on the pages of the audit chain."""

from __future__ import annotations

from uuid import UUID

from agents.models import Agent


def agent_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names of agents by public id, archived ones included."""
    return dict(Agent.objects.filter(public_id__in=ids).values_list("public_id", "name"))
