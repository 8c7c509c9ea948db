"""Finding a colleague, and passing the conversation to one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

from pydantic import Field

from agents import directory
from agents.models import Agent
from agents.tools.base import Handoff, ToolContext, ToolResult
from agents.tools.registry import tool


@tool(permission="chat.send_message", source="Runtime")
def search_directory(
    context: ToolContext,
    *,
    words: Annotated[str, Field(min_length=2, max_length=300, description="What the colleague must be good at")],
) -> ToolResult:
    """Find colleagues by what they can do. Returns up to five, best first, each with slug, name and description."""
    found = directory.search(words, leave_out=context.agent.pk)
    if not found:
        return ToolResult("No colleague fits these words. Try the plain name of the subject, or answer yourself.")
    lines = [f"- {each.slug}: {each.name} ({each.get_level_display()}). {each.description}" for each in found]
    return ToolResult("\n".join(lines), data={"agents": [each.slug for each in found]})


@tool(permission="chat.send_message", source="Runtime")
def hand_over(
    context: ToolContext,
    *,
    agent: Annotated[str, Field(max_length=60, description="The colleague's slug, as search_directory gives it")],
    reason: Annotated[
        str, Field(min_length=3, max_length=500, description="One sentence: what the colleague should do")
    ],
) -> ToolResult:
    """Pass this conversation to a colleague who answers the person from here on. Do not answer yourself after it."""
    slug = agent.removeprefix("agent/")
    colleague = Agent.objects.select_related("role").filter(slug=slug).first()
    if colleague is None or colleague.is_archived:
        return ToolResult.failure(_unknown(slug))
    if colleague.pk == context.agent.pk:
        return ToolResult.failure("That is you. Answer yourself, or choose somebody else.")
    if not colleague.is_active:
        return ToolResult.failure(f"{colleague.name} is paused and takes no conversations. Choose somebody else.")
    handoff = Handoff(agent_id=colleague.public_id, slug=colleague.slug, name=colleague.name, reason=reason)
    return ToolResult(
        f"{colleague.name} takes over.", data={"agent": colleague.slug, "reason": reason}, handoff=handoff
    )


def _unknown(slug: str) -> str:
    there = list(Agent.objects.on_duty().values_list("slug", flat=True))
    near = get_close_matches(slug, there, n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(near)}?" if near else " Use search_directory to find the right one."
    return f"There is no colleague {slug}.{hint}"
