"""The list of agents, one agent, its versions, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import figures, hierarchy, tools, versions, workforce
from agents.forms import POLICY_WORDS, AgentForm
from agents.levels import LEVEL_CHOICES, Level
from agents.models import STATUS_CHOICES, Agent, AgentVersion
from agents.words import find_by_words
from billing.counters import used
from billing.limits import load_limits
from tenants.decorators import permission_required_here
from tenants.exceptions import Refusal
from tenants.members import display_names

PAGE_SIZE = 25
STATUS_DOTS = {"active": "good", "paused": "off", "archived": "off"}


def found_agent(slug: str) -> Agent:
    agent: Agent | None = Agent.objects.select_related("role", "manager").filter(slug=slug).first()
    if agent is None:
        raise Http404
    return agent


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    agent: Agent
    load: figures.Load
    dot: str


@permission_required_here("agents.view_agent")
@require_GET
def agent_list(request: HttpRequest) -> HttpResponse:
    """Agents with their load of today, the busiest first, the idle from the top of the tree."""
    # PostgreSQL refuses to look for NUL.
    given = {name: request.GET.get(name, "") for name in ("q", "level", "manager", "status")}
    wanted = {name: value.replace("\0", "").strip()[:100] for name, value in given.items()}
    loads = figures.loads_today()
    rows = [Row(agent, loads.get(agent.public_id, figures.IDLE), STATUS_DOTS[agent.status]) for agent in _find(wanted)]
    rows.sort(key=lambda row: (-row.load.queries, Level(row.agent.level).rank, row.agent.name))
    limit = load_limits().of("agents")
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "wanted": wanted,
        "is_filtered": any(wanted.values()),
        "managers": list(Agent.objects.employed().filter(reports__isnull=False).distinct().order_by("name")),
        "levels": LEVEL_CHOICES,
        "statuses": STATUS_CHOICES,
        "used": used("agents"),
        "limit": limit,
        "has_agents": Agent.objects.exists() if not rows else True,
    }
    return render(request, "agents/agent_list.html", context)


def _find(wanted: dict[str, str]) -> list[Agent]:
    agents = Agent.objects.select_related("manager", "role")
    agents = agents.filter(status=wanted["status"]) if wanted["status"] else agents.employed()
    if wanted["level"]:
        agents = agents.filter(level=wanted["level"])
    if wanted["manager"]:
        agents = agents.filter(manager__slug=wanted["manager"])
    return list(find_by_words(agents, wanted["q"]))


@permission_required_here("agents.view_agent")
@require_GET
def agent_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about one agent."""
    agent = found_agent(slug)
    latest = list(agent.versions.order_by("-number")[:5])
    names = actor_names(latest)
    context = {
        **_frame(agent, "overview"),
        "today": figures.loads_today().get(agent.public_id, figures.IDLE),
        "month": figures.loads_of_days(30).get(agent.public_id, figures.IDLE),
        "reports": hierarchy.load_tree().reports(agent),
        "tools": [_tool_row(name, agent) for name in agent.tools],
        "versions": [(version, names[version.actor]) for version in latest],
        "policy_words": POLICY_WORDS.get(agent.model_policy, ""),
        "status_dot": STATUS_DOTS[agent.status],
    }
    return render(request, "agents/agent_detail.html", context)


def _frame(agent: Agent, tab: str) -> dict[str, Any]:
    return {"agent": agent, "tab": tab}


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A tool of an agent: where it comes from, what it needs, and whether the role lets the agent use it."""

    name: str
    words: str
    source: str
    may: str
    is_missing: bool = False
    is_barred: bool = False


def _tool_row(name: str, agent: Agent) -> ToolRow:
    tool = tools.find_tool(name)
    if tool is None:
        return ToolRow(name, "No installed app offers this tool.", "", "", is_missing=True)
    barred = tool.permission is not None and tool.permission not in agent.role.permissions
    words = tool.description.split("\n", 1)[0]
    may = "write" if tool.writes else "read" if tool.permission else "compute"
    return ToolRow(name, words, tool.source, may, is_barred=barred)


def actor_names(rows: list[AgentVersion]) -> dict[str, str]:
    """Who made the versions, by actor, in words."""
    people = {actor.split(":", 1)[1] for actor in {row.actor for row in rows} if actor.startswith("person:")}
    names = display_names([UUID(person) for person in people])
    kinds = {"key": "an API key", "system": "the system", "agent": "an agent", "person": "a former member"}
    words: dict[str, str] = {}
    for row in rows:
        kind, _, who = row.actor.partition(":")
        words[row.actor] = (names.get(UUID(who)) if kind == "person" else None) or kinds.get(kind, row.actor)
    return words


@permission_required_here("agents.view_agent")
@require_GET
def version_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All versions, and what differs between two of them."""
    agent = found_agent(slug)
    rows = list(agent.versions.order_by("-number")[:500])
    numbers = [row.number for row in rows]
    newer = _number(request.GET.get("newer"), numbers, numbers[0] if numbers else 0)
    older = _number(request.GET.get("older"), numbers, max(newer - 1, 1))
    by_number = {row.number: row for row in rows}
    pair = (by_number.get(older), by_number.get(newer))
    names = actor_names(rows)
    context = {
        **_frame(agent, "versions"),
        "page": Paginator([(row, names[row.actor]) for row in rows], PAGE_SIZE).get_page(request.GET.get("page")),
        "numbers": numbers,
        "older": older,
        "newer": newer,
        "changes": versions.compare(pair[0].config, pair[1].config) if pair[0] and pair[1] else [],
    }
    return render(request, "agents/version_list.html", context)


def _number(given: str | None, numbers: list[int], default: int) -> int:
    return int(given) if given and given.isdecimal() and len(given) < 10 and int(given) in numbers else default


@permission_required_here("agents.change_agent")
@require_POST
def version_restore(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    agent = found_agent(slug)
    return _do(
        request,
        lambda: workforce.restore_version(agent, number, actor=request.user.actor),
        f"{agent.name} is back to version {number}, as a new version.",
        to=("agents:version-list", slug),
    )


@permission_required_here("agents.change_agent")
@require_http_methods(["GET", "POST"])
def agent_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change an agent; what changes makes a version."""
    agent = found_agent(slug)
    form = AgentForm(request.POST or None, agent=agent, initial=AgentForm.initial_of(agent))
    if request.method == "POST" and form.is_valid():
        try:
            changed = workforce.update_agent(
                agent, actor=request.user.actor, expected_version=form.cleaned_data["version"], **form.changes()
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            _tell_change(request, agent, changed)
            return redirect("agents:agent-detail", slug)
    context = {**_frame(agent, "edit"), "form": form}
    return render(request, "agents/agent_form.html", context, status=422 if request.method == "POST" else 200)


def _tell_change(request: HttpRequest, before: Agent, after: Agent) -> None:
    if after.version_number == before.version_number:
        messages.info(request, "Nothing was changed, so no version was made.")
    else:
        messages.success(
            request, f"{after.name} is at version {after.version_number}. The audit chain says what changed."
        )


@permission_required_here("agents.add_agent")
@require_http_methods(["GET", "POST"])
def agent_new(request: HttpRequest) -> HttpResponse:
    """Make an agent of one's own."""
    tenant: Any = request.tenant
    initial = {"industry": tenant.industry, "role": "generalist", "tools": ["search_directory", "hand_over"]}
    form = AgentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            agent = workforce.create_agent(form.new_agent(), actor=request.user.actor)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{agent.name} is on duty.")
            return redirect("agents:agent-detail", agent.slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "agents/agent_form.html", {"form": form}, status=status)


@permission_required_here("agents.change_agent")
@require_POST
def agent_pause(request: HttpRequest, slug: str) -> HttpResponse:
    agent = found_agent(slug)
    words = f"{agent.name} is paused. It answers nobody until you put it back on duty."
    return _do(request, lambda: workforce.pause_agent(agent, actor=request.user.actor), words, slug=slug)


@permission_required_here("agents.change_agent")
@require_POST
def agent_resume(request: HttpRequest, slug: str) -> HttpResponse:
    agent = found_agent(slug)
    return _do(
        request, lambda: workforce.resume_agent(agent, actor=request.user.actor), f"{agent.name} is on duty.", slug=slug
    )


@permission_required_here("agents.archive_agent")
@require_POST
def agent_archive(request: HttpRequest, slug: str) -> HttpResponse:
    agent = found_agent(slug)
    words = f"{agent.name} is archived. Its place in the plan is free; its versions and conversations stay."
    return _do(request, lambda: workforce.archive_agent(agent, actor=request.user.actor), words, slug=slug)


@permission_required_here("agents.archive_agent")
@require_POST
def agent_restore(request: HttpRequest, slug: str) -> HttpResponse:
    agent = found_agent(slug)
    words = f"{agent.name} is back on duty."
    return _do(request, lambda: workforce.restore_agent(agent, actor=request.user.actor), words, slug=slug)


def _do(
    request: HttpRequest, act: Callable[[], object], words: str, *, slug: str = "", to: tuple[str, str] | None = None
) -> HttpResponse:
    """Call a use case; say what happened or why not where the person is looking."""
    try:
        act()
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, words)
    return redirect(*(to or ("agents:agent-detail", slug)))
