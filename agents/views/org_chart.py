"""The org chart, and moving agents in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from agents import figures, hierarchy, workforce
from agents.forms import MoveForm, add_refusal
from agents.levels import Level
from agents.models import Agent
from tenants.decorators import permission_required_here
from tenants.exceptions import Refusal


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the chart. `skipped` is how many levels lie between it and its manager (a root: above it)."""

    agent: Agent
    rank: int
    skipped: int
    note: str
    load: figures.Load
    kids: list[Node] = field(default_factory=list)
    leaves: bool = False


@permission_required_here("agents.view_agent")
@require_GET
def org_chart(request: HttpRequest) -> HttpResponse:
    return render(request, "agents/org_chart.html", chart_context(request, hierarchy.load_tree()))


def chart_context(request: HttpRequest, tree: hierarchy.Tree, form: MoveForm | None = None) -> dict[str, Any]:
    """What the chart and its fragment show."""
    loads = figures.loads_today()
    return {
        "nav": "org-chart",
        "roots": [_node(root, -1, tree, loads) for root in tree.roots],
        "levels": [(level, len(tree.with_level(level))) for level in Level],
        "agent_count": len(tree.agents),
        "may_move": request.user.has_perm("agents.change_agent"),
        "form": form or MoveForm(tree=tree),
    }


def _node(agent: Agent, above: int, tree: hierarchy.Tree, loads: dict[Any, figures.Load]) -> Node:
    rank = Level(agent.level).rank
    reports, load = tree.reports(agent), loads.get(agent.public_id, figures.IDLE)
    return Node(
        agent=agent,
        rank=rank,
        skipped=rank - above - 1,
        note=_note(agent, len(reports), load),
        load=load,
        kids=[_node(each, rank, tree, loads) for each in reports],
        # Specialists alone stand under one another, others side by side.
        leaves=all(each.level == Level.SPECIALIST for each in reports),
    )


def _note(agent: Agent, reports: int, load: figures.Load) -> str:
    if not agent.is_active:
        return "paused"
    if reports:
        return f"{reports} report{'' if reports == 1 else 's'}"
    return f"{load.queries:,} {'query' if load.queries == 1 else 'queries'}"


@permission_required_here("agents.change_agent")
@require_POST
def org_chart_move(request: HttpRequest) -> HttpResponse:
    """Move an agent: by form with a redirect, by dragging (htmx) with the new chart, or words with status 409."""
    tree = hierarchy.load_tree()
    form = MoveForm(request.POST, tree=tree)
    is_drag = request.headers.get("X-Requested-With") == "fetch"
    if form.is_valid():
        agent, manager = form.move()
        try:
            moved = workforce.move_agent(agent, manager, actor=request.user.actor)
        except Refusal as refusal:
            if is_drag:
                return HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain; charset=utf-8")
            add_refusal(form, refusal)
        else:
            return _moved(request, moved, is_drag)
    elif is_drag:
        return HttpResponse("This agent is not there any more.", status=422, content_type="text/plain; charset=utf-8")
    return render(request, "agents/org_chart.html", chart_context(request, tree, form), status=422)


def _moved(request: HttpRequest, moved: Agent, is_drag: bool) -> HttpResponse:
    to = f"reports to {moved.manager.name}" if moved.manager else "reports to nobody"
    if is_drag:
        return render(request, "agents/_org_tree.html", chart_context(request, hierarchy.load_tree()))
    messages.success(request, f"{moved.name} now {to}. This made version {moved.version_number}.")
    return redirect("agents:org-chart")
