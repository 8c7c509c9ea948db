"""Who may use which tool: the agent's own list, its role's permissions, and the rights of the person who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.tools.base import Asker, Tool

if TYPE_CHECKING:
    from agents.models import Agent


def may_use(tool: Tool, agent: Agent, user: Asker) -> bool:
    """True when the agent has the tool, its role may use the permission, and the person who asks has it."""
    return refusal_reason(tool, agent, user) is None


def refusal_reason(tool: Tool, agent: Agent, user: Asker) -> str | None:
    """Say why the tool may not be used here, None when it may."""
    if tool.name not in agent.tools:
        return f"You do not have the tool {tool.name}."
    if tool.permission is None:
        return None
    if tool.permission not in agent.role.permissions:
        return f"Your role ({agent.role.name}) may not use {tool.name}: it lacks {tool.permission}."
    if not user.has_perm(tool.permission):
        return f"{user.display_name} lacks the permission {tool.permission} that {tool.name} needs."
    return None
