"""Which organization staff look into, and the page to choose it. The choice lives in the session."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from audit.chain import record
from tenants import lifecycle
from tenants.context import platform_context, tenant_context
from tenants.exceptions import Refusal
from tenants.models import Organization

CHOSEN = "staff_organization"
OPEN = (Organization.Status.ACTIVE, Organization.Status.SUSPENDED)


def chosen(request: HttpRequest) -> Organization | None:
    """The organization chosen in this session, if it is still there."""
    organization_id = request.session.get(CHOSEN)
    if not organization_id:
        return None
    with platform_context():
        return Organization.objects.filter(pk=organization_id, status__in=OPEN).first()


def record_look(request: HttpRequest, organization: Organization, what: str) -> None:
    """Write into the organization's own chain that staff looked at `what`."""
    user: Any = request.user
    with tenant_context(organization), transaction.atomic():
        record(
            "platform.tenant.viewed",
            f"tenants.organization:{organization.id}",
            {"what": what, "path": request.path, "staff": user.display_name},
            actor=user.actor,
        )


def switch(request: HttpRequest) -> HttpResponse:
    """Choose an organization to look into; `?organization=` chooses, an empty value leaves."""
    if not request.user.is_superuser:
        raise PermissionDenied
    wanted = request.GET.get("organization")
    if wanted is not None:
        return _choose(request, wanted)
    rows = Organization.objects.filter(status__in=OPEN).order_by("name")
    words = request.GET.get("q", "").strip()
    if words:
        rows = rows.filter(name__icontains=words) | rows.filter(slug__icontains=words)
    context = {**admin.site.each_context(request), "title": "Look into an organization", "rows": rows[:200], "q": words}
    return render(request, "admin/tenant_switch.html", context)


def _choose(request: HttpRequest, wanted: str) -> HttpResponse:
    request.session.pop(CHOSEN, None)
    if not wanted:
        return redirect("admin:index")
    try:
        organization = Organization.objects.filter(pk=UUID(wanted), status__in=OPEN).first()
    except ValueError:
        organization = None
    if organization is None:
        messages.error(request, "This organization is not open.")
        return redirect("admin:tenant-switch")
    request.session[CHOSEN] = str(organization.pk)
    messages.info(request, f"You look into {organization.name}. Each look is written to its audit chain.")
    return redirect("admin:agents_agent_changelist")


def delete(request: HttpRequest, id: UUID) -> HttpResponse:
    """Ask for the slug, then start the deletion."""
    if not request.user.is_superuser:
        raise PermissionDenied
    organization = Organization.objects.filter(pk=id).first()
    if organization is None:
        raise Http404
    if request.method == "POST":
        if request.POST.get("slug") != organization.slug:
            messages.error(request, f"Nothing was deleted: type {organization.slug} to confirm.")
        else:
            try:
                lifecycle.request_deletion(organization, actor=request.user.actor)
            except Refusal as refusal:
                messages.error(request, refusal.detail)
            else:
                messages.success(request, f"{organization.name} is being deleted.")
                return redirect("admin:tenants_organization_changelist")
    context = {**admin.site.each_context(request), "title": f"Delete {organization.name}", "organization": organization}
    return render(request, "admin/organization_delete.html", context)
