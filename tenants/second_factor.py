"""Owners, admins and platform staff need a second factor, where the deployment asks for it."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from tenants.context import platform_context
from tenants.exceptions import Forbidden
from tenants.models import User
from tenants.problems import refusal_response

FREE_PATHS = ("/accounts/", "/static/", "/api/v1/me/", "/api/v1/logout/", "/api/v1/login/", "/handover/")
WORDS = "Your role needs a second factor. Set one up to go on."


class SecondFactorMiddleware:
    """Leads those who must have a second factor, and have none, to the page where one is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.MFA_REQUIRED_FOR_ADMINS or request.path.startswith(FREE_PATHS) or not _must_set_up(request):
            return self.get_response(request)
        if request.path.startswith(("/api/", "/v1/")):
            return refusal_response(request, Forbidden(WORDS))
        messages.warning(request, WORDS)
        return redirect(reverse("mfa_index"))


def _must_set_up(request: HttpRequest) -> bool:
    return must_set_up(request.user)


def must_set_up(user: object) -> bool:
    """Whether this is a person whose role, in the current tenant, needs a second factor and who has none."""
    if not settings.MFA_REQUIRED_FOR_ADMINS or not isinstance(user, User):
        return False
    if not user.is_staff and user.member_role() not in ("owner", "admin"):
        return False
    with platform_context():
        return not is_mfa_enabled(user)
