"""The headers that tell a browser what a page may do.

Everything comes from our own host, no script and no style stands in the page. Only the platform's admin differs: unfold
evaluates expressions and writes style attributes, and is unusable without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tenants.hosts import is_platform_host

ADMIN_PREFIX = "/admin/"
# Signing in on the platform's host ends on a tenant's: browsers check a form's redirects too.
_SCHEME = "https" if settings.HTTPS else "http"
OWN_HOSTS = (f"{_SCHEME}://{settings.PLATFORM_HOST}:*", f"{_SCHEME}://*.{settings.PLATFORM_HOST}:*")
STRICT = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "form-action": ("'self'", *OWN_HOSTS),
    "manifest-src": ("'self'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
    "object-src": ("'none'",),
}
ADMIN = {
    **STRICT,
    "script-src": (*STRICT["script-src"], "'unsafe-eval'"),
    "style-src": (*STRICT["style-src"], "'unsafe-inline'"),
}
OTHER_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}


def policy(directives: dict[str, tuple[str, ...]]) -> str:
    """Write directives as the header's value."""
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


STRICT_POLICY, ADMIN_POLICY = policy(STRICT), policy(ADMIN)


class SecurityHeaders:
    """Add the policy and its companions to every response."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._acall(request)
        response = self.get_response(request)
        assert not isinstance(response, Awaitable)
        return self._with_headers(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        assert isinstance(response, Awaitable)
        return self._with_headers(request, await response)

    @staticmethod
    def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", _policy_for(request))
        for name, value in OTHER_HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:  # what a signed-in person saw stays out of every cache
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _policy_for(request: HttpRequest) -> str:
    """The looser policy holds for the platform's admin alone: a tenant's host has no admin, and stays strict."""
    return ADMIN_POLICY if request.path.startswith(ADMIN_PREFIX) and _is_on_platform(request) else STRICT_POLICY


def _is_on_platform(request: HttpRequest) -> bool:
    try:
        return is_platform_host(request.get_host())
    except DisallowedHost:
        return False
