"""The catalogue to hire from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from agents import hierarchy, tools, workforce
from agents.catalogue import Group, Template, load_catalogue
from agents.forms import manager_choices
from agents.levels import Level
from agents.models import Agent
from billing.counters import used
from billing.limits import load_limits
from tenants.decorators import permission_required_here
from tenants.exceptions import Refusal


@dataclass(frozen=True, slots=True)
class Offer:
    """A template as the page offers it."""

    template: Template
    tools: list[str]
    employed: int
    managers: list[tuple[str, Any]]
    suggested: Agent | None


@permission_required_here("agents.add_agent")
@require_GET
def hire(request: HttpRequest) -> HttpResponse:
    """Show the catalogue by group, the organization's own industry first after management and ITSM."""
    tenant: Any = request.tenant
    tree = hierarchy.load_tree()
    employed = Counter(agent.template_slug for agent in tree.agents.values())
    managers = {level: manager_choices(level) for level in Level}
    groups = [
        (group, [_offer(each, employed[each.slug], managers, tree) for each in group.templates])
        for group in sorted(load_catalogue().groups, key=lambda group: _rank(group, tenant.industry))
    ]
    limit = load_limits().of("agents")
    now_used = used("agents")
    context = {
        "nav": "agents",
        "groups": groups,
        "used": now_used,
        "limit": limit,
        "is_full": limit is not None and now_used >= limit,
        "industry": tenant.industry,
    }
    return render(request, "agents/hire.html", context)


def _rank(group: Group, industry: str) -> int:
    return {industry: 0, "itsm": 1, "management": 2}.get(group.slug, 3)


def _offer(template: Template, employed: int, managers: dict[Level, Any], tree: hierarchy.Tree) -> Offer:
    suggested = workforce.suitable_manager(template.level, tree)
    return Offer(template, tools.registered(template.tools), employed, managers[template.level], suggested)


@permission_required_here("agents.add_agent")
@require_POST
def hire_template(request: HttpRequest, slug: str) -> HttpResponse:
    """Hire one; name and manager may be given."""
    manager = Agent.objects.employed().filter(slug=request.POST.get("manager", "")[:60]).first()
    name = request.POST.get("name", "").strip()
    try:
        agent = workforce.hire(slug, actor=request.user.actor, manager=manager, name=name)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return redirect("agents:hire")
    under = f", reporting to {agent.manager.name}" if agent.manager else ""
    messages.success(request, f"{agent.name} is hired and on duty{under}. Change whatever you like below.")
    return redirect("agents:agent-detail", agent.slug)
