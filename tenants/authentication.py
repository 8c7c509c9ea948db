"""Who is asking: session or API key, on a tenant's host or the platform's."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from tenants.context import platform_context
from tenants.keys import KeyRefused, KeyUser, authenticate_key
from tenants.models import User

SESSION_TENANT = "tenant"


class AccountBackend(AuthenticationBackend):
    """allauth's e-mail login; people stand in public, so it looks there from wherever it is called."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        with platform_context():
            return super().authenticate(request, **credentials)

    def get_user(self, user_id: int) -> User | None:
        with platform_context():
            return super().get_user(user_id)


def bearer_token(header: str) -> str | None:
    """The token of an `Authorization: Bearer …` header, None without one."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def client_address(request: HttpRequest) -> str:
    """The caller's IP address: the socket's, or the one that the nearest NUM_PROXIES proxies vouch for."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if settings.NUM_PROXIES and len(forwarded) >= settings.NUM_PROXIES:
        return forwarded[-settings.NUM_PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


def authenticate_request(request: HttpRequest) -> KeyUser | KeyRefused | None:
    """The key user of a request with a bearer token, why it is refused, or None without a token."""
    token = bearer_token(request.headers.get("Authorization", ""))
    return authenticate_key(token, client_address(request)) if token else None


class KeyAuthentication(authentication.BaseAuthentication):
    """DRF: reads what the tenant middleware found out about the bearer token."""

    def authenticate(self, request: Request) -> tuple[KeyUser, str] | None:
        key_user = getattr(request._request, "key_user", None)
        if isinstance(key_user, KeyRefused):
            raise exceptions.AuthenticationFailed(key_user.words)
        return (key_user, "key") if key_user is not None else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """DRF: the signed-in person, with CSRF protection. `request.user` is anonymous for whoever is no member."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = getattr(request._request, "user", None) or AnonymousUser()
        if not user.is_authenticated or not user.is_active:
            return None
        self.enforce_csrf(request)
        return user, None
