"""How allauth's account flows fit tenants."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from tenants.invitations import INVITATION
from tenants.models import Membership


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up founds an organization on the platform's host; a tenant's host lets its members in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return getattr(request, "host_tenant", None) is None

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        tenant = getattr(request, "host_tenant", None)
        if tenant is not None and not Membership.objects.filter(user=user, organization_id=tenant.id).exists():
            self.add_error(request, tenant.name)
            return HttpResponse(status=303, headers={"Location": "/accounts/login/"})
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def add_error(self, request: HttpRequest, organization: str) -> None:
        messages.error(
            request, f"This account is no member of {organization}. Ask one of its admins for an invitation."
        )

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if getattr(request, "host_tenant", None) is not None:
            return "/"
        invitation = request.session.get(INVITATION)
        return (
            reverse("tenants:invitation-accept", args=[invitation])
            if invitation
            else reverse("tenants:organization-list")
        )

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)
