"""Signing in by REST, on top of allauth: its rate limits, its second factor, its records."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import RateLimited
from allauth.mfa.base.internal.flows import check_rate_limit, post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tenants.context import platform_context
from tenants.exceptions import Forbidden, Refusal
from tenants.models import Membership, User


class NotSignedIn(Refusal):
    """Wrong e-mail address, password or code; it does not say which."""

    status = 401
    type = "not-authenticated"
    title = "Not signed in"


class SecondFactorNeeded(Refusal):
    status = 401
    type = "second-factor-needed"
    title = "A code is needed"


class TooManyAttempts(Refusal):
    status = 429
    type = "too-many-attempts"
    title = "Too many attempts"


BACKEND = "tenants.authentication.AccountBackend"


def sign_in(request: HttpRequest, email: str, password: str, code: str = "") -> User:
    """Sign the person in on this host and return them.

    Raises NotSignedIn, SecondFactorNeeded (send `code` too), TooManyAttempts, or Forbidden for a tenant's host that
    the person is no member of.
    """
    with platform_context():
        user = _check_password(request, email, password)
        _check_membership(request, user)
        record_authentication(request, user, "password", email=user.email)
        if is_mfa_enabled(user):
            _check_code(request, user, code)
        login(request, user, backend=BACKEND)
    return user


def _check_password(request: HttpRequest, email: str, password: str) -> User:
    try:
        user: Any = get_adapter(request).authenticate(request, email=email, password=password)
    except (ValidationError, RateLimited):
        raise TooManyAttempts("Too many failed attempts. Try again in a few minutes.") from None
    if user is None or not user.is_active:
        raise NotSignedIn("The e-mail address or the password is wrong.")
    return user


def _check_membership(request: HttpRequest, user: User) -> None:
    tenant = getattr(request, "host_tenant", None)
    if tenant is not None and not Membership.objects.filter(user=user, organization_id=tenant.id).exists():
        raise Forbidden(f"This account is no member of {tenant.name}.")


def _check_code(request: HttpRequest, user: User, code: str) -> None:
    if not code:
        raise SecondFactorNeeded(
            "This account has a second factor: send its code as `code`, or use your passkey in the browser."
        )
    try:
        clear = check_rate_limit(user)
    except (ValidationError, RateLimited):
        raise TooManyAttempts("Too many wrong codes. Try again in a few minutes.") from None
    for authenticator in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN):
        if authenticator.wrap().validate_code(code):
            if clear:
                clear()
            post_authentication(request, authenticator)
            return
    raise NotSignedIn("The code is wrong.")
