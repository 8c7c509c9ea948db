"""Settings of an organization: itself, its members, its keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from tenants import hosts, invitations, keys, lifecycle, members
from tenants.context import current_tenant
from tenants.decorators import permission_required_here
from tenants.exceptions import Invalid, Refusal
from tenants.forms import InvitationForm, KeyForm, OrganizationForm, add_refusal
from tenants.models import ApiKey, Membership, Organization
from tenants.permissions import ROLE_CHOICES, ROLE_WORDS, role_rank


def _page(request: HttpRequest, template: str, section: str, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, template, {"nav": "settings", "settings_page": section, **context}, status=status)


def _found(row: Any) -> Any:
    if row is None:
        raise Http404
    return row


@permission_required_here("tenants.view_organization")
@require_http_methods(["GET", "POST"])
def organization(request: HttpRequest) -> HttpResponse:
    row = Organization.objects.get(pk=current_tenant().id)
    may_change = request.user.has_perm("tenants.change_organization")
    form = OrganizationForm(request.POST or None, instance=row)
    if request.method == "POST":
        if not may_change:
            return _page(request, "errors/403.html", "organization", 403)
        if form.is_valid():
            fresh = Organization.objects.get(pk=row.pk)
            try:
                lifecycle.update_organization(fresh, form.cleaned_data, actor=request.user.actor)
            except Refusal as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(request, "The organization was changed. The audit chain says what and by whom.")
                return redirect("tenants:settings-organization")
    return _page(
        request,
        "tenants/settings_organization.html",
        "organization",
        200 if request.method == "GET" else 422,
        form=form,
        organization=row,
        host=hosts.host_of(row.slug),
        may_change=may_change,
        may_delete=request.user.has_perm("tenants.delete_organization"),
    )


@permission_required_here("tenants.delete_organization")
@require_POST
def organization_delete(request: HttpRequest) -> HttpResponse:
    row = Organization.objects.get(pk=current_tenant().id)
    if request.POST.get("slug", "").strip() != row.slug:
        messages.error(request, f"Nothing was deleted: type {row.slug} to confirm.")
        return redirect("tenants:settings-organization")
    lifecycle.request_deletion(row, actor=request.user.actor)
    return redirect(f"{hosts.platform_origin()}/")


@permission_required_here("tenants.view_member")
def member_list(request: HttpRequest) -> HttpResponse:
    return _members_page(request)


def _members_page(
    request: HttpRequest, form: InvitationForm | None = None, link: str = "", status: int = 200
) -> HttpResponse:
    may_change = request.user.has_perm("tenants.change_member")
    own_rank = role_rank(request.user.member_role() or "viewer")
    rows = [
        {
            "member": m,
            "may_change": may_change and role_rank(m.role) <= own_rank,
            "is_me": m.user_id == request.user.pk,
            "dialog": f"remove-{m.public_id}",
        }
        for m in members.list_members()
    ]
    return _page(
        request,
        "tenants/settings_members.html",
        "members",
        status,
        rows=rows,
        invitations=invitations.list_open() if may_change else [],
        form=form or InvitationForm(),
        link=link,
        all_roles=[(name, label, ROLE_WORDS[name]) for name, label in ROLE_CHOICES],
        roles=[(name, label, ROLE_WORDS[name]) for name, label in ROLE_CHOICES if role_rank(name) <= own_rank],
        may_change=may_change,
    )


@permission_required_here("tenants.change_member")
@require_POST
def member_invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            _, link = invitations.invite(
                form.cleaned_data["email"],
                form.cleaned_data["role"],
                actor=request.user.actor,
                invited_by=request.user,
                acting_role=request.user.member_role(),
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            # The link is shown in this answer alone; nothing but its hash is kept.
            return _members_page(request, link=link)
    return _members_page(request, form, status=422)


@permission_required_here("tenants.change_member")
@require_POST
def invitation_revoke(request: HttpRequest, id: str) -> HttpResponse:
    row = _found(invitations.find_open(id))
    invitations.revoke(row, actor=request.user.actor)
    messages.success(request, f"The invitation of {row.email} was withdrawn.")
    return redirect("tenants:settings-members")


@permission_required_here("tenants.change_member")
@require_POST
def member_change(request: HttpRequest, id: str) -> HttpResponse:
    member: Membership = _found(members.find_member(id))
    role = request.POST.get("role", "")
    try:
        members.change_role(member, role, actor=request.user.actor, acting_role=request.user.member_role())
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{member.user.display_name} is {role} now.")
    return redirect("tenants:settings-members")


@permission_required_here("tenants.change_member")
@require_POST
def member_remove(request: HttpRequest, id: str) -> HttpResponse:
    member: Membership = _found(members.find_member(id))
    try:
        members.remove_member(member, actor=request.user.actor, acting_role=request.user.member_role())
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{member.user.display_name} was removed and signed out.")
    return redirect("tenants:settings-members")


@permission_required_here("tenants.view_key")
def key_list(request: HttpRequest) -> HttpResponse:
    return _keys_page(request)


@sensitive_variables("secret")
def _keys_page(
    request: HttpRequest,
    form: KeyForm | None = None,
    secret: str = "",
    made: ApiKey | None = None,
    status: int = 200,
) -> HttpResponse:
    tenant = current_tenant()
    rows = keys.list_keys()
    return _page(
        request,
        "tenants/settings_keys.html",
        "keys",
        status,
        keys=rows,
        usable=sum(row.is_usable for row in rows),
        form=form or KeyForm(),
        form_open=form is not None,
        secret=secret,
        made=made,
        base_url=f"{hosts.platform_origin()}/v1",
        origin=hosts.tenant_origin(tenant.slug),
    )


@permission_required_here("tenants.change_key")
@require_POST
def key_create(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            row, secret = keys.create_key(form.new_key(), actor=request.user.actor, created_by=request.user)
        except Invalid as refusal:
            add_refusal(form, refusal)
        else:
            return _keys_page(request, secret=secret, made=row)
    return _keys_page(request, form, status=422)


@permission_required_here("tenants.change_key")
@require_POST
def key_rotate(request: HttpRequest, id: str) -> HttpResponse:
    row = _found(keys.find_key(id))
    try:
        successor, secret = keys.rotate_key(row, actor=request.user.actor)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return redirect("tenants:settings-keys")
    return _keys_page(request, secret=secret, made=successor)


@permission_required_here("tenants.change_key")
@require_POST
def key_revoke(request: HttpRequest, id: str) -> HttpResponse:
    row = _found(keys.find_key(id))
    if keys.revoke_key(row, actor=request.user.actor):
        messages.success(request, f"The key {row.name} is revoked. Whatever used it is refused from now on.")
    return redirect(reverse("tenants:settings-keys"))
