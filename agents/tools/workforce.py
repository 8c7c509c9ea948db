"""What managers see of the people under them."""

from __future__ import annotations

from agents import hierarchy
from agents.models import Agent
from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import tool


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
