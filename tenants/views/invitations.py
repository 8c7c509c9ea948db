"""Accepting an invitation, on the platform's host."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tenants import handover, hosts, invitations
from tenants.exceptions import Refusal
from tenants.invitations import INVITATION
from tenants.models import User
from tenants.permissions import ROLE_WORDS
from tenants.problems import refusal_response


@never_cache
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show what one is invited to; POST accepts and steps over to the organization."""
    try:
        invitation = invitations.find_by_token(token)
    except Refusal as refusal:
        return refusal_response(request, refusal)
    request.session[INVITATION] = token
    if request.method == "POST" and request.user.is_authenticated:
        try:
            invitations.accept(token, request.user)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return redirect(request.path)
        request.session.pop(INVITATION, None)
        ticket = handover.issue(request.user, invitation.organization)
        return redirect(f"{hosts.tenant_origin(invitation.organization.slug)}/handover/{ticket}/")
    context = {
        "invitation": invitation,
        "role_words": ROLE_WORDS[invitation.role],
        "has_account": User.objects.filter(email__iexact=invitation.email).exists(),
        "is_other_person": request.user.is_authenticated and request.user.email.lower() != invitation.email.lower(),
    }
    return render(request, "tenants/invitation_accept.html", context)
