"""Rate-limit headers on answers."""

from __future__ import annotations

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware


def _with_headers(request: HttpRequest, response: Any) -> Any:
    limit = getattr(request, "rate_limit", None)
    if limit is not None:
        for name, value in limit.headers().items():
            response.headers.setdefault(name, value)
    return response


@sync_and_async_middleware
def RateLimitHeaders(get_response: Any) -> Any:
    """Put `X-RateLimit-*` on the answers of requests that were counted."""
    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> Any:
            return _with_headers(request, await get_response(request))

        return async_middleware

    def middleware(request: HttpRequest) -> Any:
        return _with_headers(request, get_response(request))

    return middleware
