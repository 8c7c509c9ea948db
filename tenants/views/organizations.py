"""A person's organizations: the list with its set-up progress, and stepping over to another host."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from tenants import handover, hosts, provisioning
from tenants.context import platform_context
from tenants.exceptions import Refusal
from tenants.login import BACKEND
from tenants.models import Membership, Organization
from tenants.problems import refusal_response


@login_required
@never_cache
def organization_list(request: HttpRequest) -> HttpResponse:
    """On the platform's host: where one belongs, and how far the set-up of a new one is."""
    rows = []
    memberships = Membership.objects.filter(user=request.user).select_related("organization")
    for membership in memberships.order_by("organization__name"):
        organization = membership.organization
        done, total = provisioning.progress(organization)
        rows.append(
            {
                "organization": organization,
                "role": membership.get_role_display(),
                "host": hosts.host_of(organization.slug),
                "steps": organization.provisioning.get("steps", []),
                "done": done,
                "total": total,
            }
        )
    waiting = any(row["organization"].status == Organization.Status.PROVISIONING for row in rows)
    template = "tenants/_organizations.html" if request.headers.get("HX-Request") else "tenants/organization_list.html"
    return render(request, template, {"rows": rows, "waiting": waiting})


@login_required
def organization_switch(request: HttpRequest, id: UUID) -> HttpResponse:
    """Step over to another organization's host with a ticket for one use."""
    # The other organization is none of this tenant's business.
    with platform_context():
        organization = Organization.objects.filter(pk=id, status=Organization.Status.ACTIVE).first()
    if organization is None:
        raise Http404
    try:
        ticket = handover.issue(request.user, organization)
    except Refusal:
        raise Http404 from None
    return redirect(f"{hosts.tenant_origin(organization.slug)}/handover/{ticket}/")


@never_cache
def handover_redeem(request: HttpRequest, ticket: str) -> HttpResponse:
    """On the other host: the ticket becomes a session of this host."""
    tenant = request.host_tenant
    if tenant is None:
        raise Http404
    try:
        user = handover.redeem(ticket, tenant.id)
    except Refusal as refusal:
        return refusal_response(request, refusal)
    if not Membership.objects.filter(user=user, organization_id=tenant.id).exists():
        raise Http404
    login(request, user, backend=BACKEND)
    return redirect("/")
