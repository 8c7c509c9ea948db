"""What managers see of the people under them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from django.utils import timezone
from pydantic import Field

from agents import hierarchy
from agents.models import Agent
from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool
from billing.usage import summary


@tool(permission="agents.view_agent", source="Runtime")
def read_org_chart(context: ToolContext) -> ToolResult:
    """Read the whole org chart: every colleague with level, slug and state, each indented under their manager."""
    tree = hierarchy.load_tree()
    lines: list[str] = []
    for root in tree.roots:
        _write(root, 0, tree, lines)
    return ToolResult("\n".join(lines) or "Nobody is employed yet.", data={"agents": len(tree.agents)})


def _write(agent: Agent, depth: int, tree: hierarchy.Tree, lines: list[str]) -> None:
    lines.append(f"{'  ' * depth}- {agent.name} ({agent.slug}), {agent.get_level_display().lower()}{_state(agent)}")
    for report in tree.reports(agent):
        _write(report, depth + 1, tree, lines)


@tool(permission="agents.view_agent", source="Runtime")
def list_reports(context: ToolContext) -> ToolResult:
    """List who reports to you, directly and below, with what each can do."""
    tree = hierarchy.load_tree()
    below = list(tree.subtree(context.agent))
    if not below:
        return ToolResult("Nobody reports to you.")
    direct = {each.pk for each in tree.reports(context.agent)}
    lines = [
        f"- {each.name} ({each.slug}){'' if each.pk in direct else ', not directly'}{_state(each)}: {each.description}"
        for each in below
    ]
    return ToolResult("\n".join(lines), data={"agents": [each.slug for each in below]})


def _state(agent: Agent) -> str:
    return "" if agent.is_active else ", paused"


@tool(permission="billing.view_usage", source="Runtime")
def workforce_costs(
    context: ToolContext,
    *,
    days: Annotated[int, Field(ge=1, le=92, description="How many days back, today included")] = 7,
) -> ToolResult:
    """Read what model calls cost in the last days, by agent, the dearest first, with queries and savings."""
    end = timezone.now()
    start = end.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    rows = summary(start, end, "agent")
    names = dict(Agent.objects.values_list("slug", "name"))
    if not rows:
        return ToolResult(f"No model call is recorded in the last {days} day(s).", data={"days": days, "agents": []})
    lines = [
        f"- {names.get(row.agent_slug, row.agent_slug or 'without an agent')}: {row.figures.cost:.6f} USD for "
        f"{row.figures.queries} queries, {row.figures.saved:.6f} USD saved"
        for row in rows
    ]
    whole = sum((row.figures.cost for row in rows), Decimal(0))
    return ToolResult(
        "\n".join([f"Last {days} day(s), {whole:.6f} USD in all:", *lines]),
        data={"days": days, "cost": str(whole), "agents": [row.agent_slug for row in rows]},
    )
