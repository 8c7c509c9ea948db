"""Roles of agents."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import roles
from agents.forms import RoleForm, add_refusal
from agents.levels import Level
from agents.models import Role, Status
from tenants.decorators import permission_required_here
from tenants.exceptions import Refusal


def found_role(slug: str) -> Role:
    role: Role | None = Role.objects.filter(slug=slug).first()
    if role is None:
        raise Http404
    return role


@permission_required_here("agents.view_agent")
@require_GET
def role_list(request: HttpRequest) -> HttpResponse:
    """All roles by level, with how many agents have them."""
    counted = Role.objects.annotate(employed=Count("agents", filter=~Q(agents__status=Status.ARCHIVED)))
    rows = sorted(counted, key=lambda role: (role.is_archived, Level(role.level).rank, role.name))
    return render(request, "agents/role_list.html", {"nav": "agents", "roles": rows})


@permission_required_here("agents.change_role")
@require_http_methods(["GET", "POST"])
def role_new(request: HttpRequest) -> HttpResponse:
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            role = roles.create_role(actor=request.user.actor, **form.values())
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"The role {role.name} is there. Give it to an agent on the agent's page.")
            return redirect("agents:role-list")
    status = 422 if request.method == "POST" else 200
    return render(request, "agents/role_form.html", {"nav": "agents", "form": form}, status=status)


@permission_required_here("agents.change_role")
@require_http_methods(["GET", "POST"])
def role_edit(request: HttpRequest, slug: str) -> HttpResponse:
    role = found_role(slug)
    initial = {
        "name": role.name,
        "description": role.description,
        "level": role.level,
        "permissions": role.permissions,
        "tools": role.tools,
    }
    form = RoleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            roles.update_role(role, actor=request.user.actor, **form.values())
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"The role {form.cleaned_data['name']} was changed, for all its agents at once.")
            return redirect("agents:role-list")
    context = {"nav": "agents", "form": form, "role": role, "agents": role.agents.employed().order_by("name")}
    return render(request, "agents/role_form.html", context, status=422 if request.method == "POST" else 200)


@permission_required_here("agents.change_role")
@require_POST
def role_archive(request: HttpRequest, slug: str) -> HttpResponse:
    role = found_role(slug)
    try:
        roles.archive_role(role, actor=request.user.actor)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"The role {role.name} is archived.")
    return redirect("agents:role-list")


@permission_required_here("agents.change_role")
@require_POST
def role_restore(request: HttpRequest, slug: str) -> HttpResponse:
    role = roles.restore_role(found_role(slug), actor=request.user.actor)
    messages.success(request, f"The role {role.name} is back.")
    return redirect("agents:role-list")
