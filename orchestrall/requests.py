"""What every request gets: an id, a line in the log, a place in the figures."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import LazyObject, empty

from orchestrall import metrics
from orchestrall.health import PATHS
from orchestrall.logs import request_id

logger = logging.getLogger("orchestrall.request")

_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}\Z")
# A person at a terminal wants to see pages and calls, not their stylesheets.
QUIET = ("/static/",)


class RequestMiddleware:
    """Outermost: measures everything that happens to a request."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve the request under an id: the proxy's `X-Request-ID` when it looks like one, else a new one."""
        if self.is_async:
            return self._acall(request)
        token, started = request_id.set(_id_of(request)), time.perf_counter()
        try:
            return _finish(request, self.get_response(request), started)
        finally:
            request_id.reset(token)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        token, started = request_id.set(_id_of(request)), time.perf_counter()
        try:
            return _finish(request, await self.get_response(request), started)
        finally:
            request_id.reset(token)


def _id_of(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if _GIVEN_ID.match(given) else uuid4().hex


def _finish(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    response["X-Request-ID"] = request_id.get()
    _report(request, response, time.perf_counter() - started)
    return response


def _report(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    if request.path in PATHS:
        return
    metrics.observe_request(request.method or "", _route(request), response.status_code, seconds)
    logger.log(
        logging.DEBUG if request.path.startswith(QUIET) else logging.INFO,
        "%s %s %d",
        request.method,
        # Without the query: it may carry what people typed.
        request.path,
        response.status_code,
        extra={"duration_ms": round(seconds * 1000, 1), **_identity(request)},
    )


def _route(request: HttpRequest) -> str:
    return request.resolver_match.route if request.resolver_match else "none"


def _identity(request: HttpRequest) -> dict[str, Any]:
    """Whom the request was for and from, as far as it was found out: asking now would open the database again."""
    tenant = getattr(request, "tenant", None)
    user = vars(request).get("user")
    known = user is not None and not (isinstance(user, LazyObject) and vars(user)["_wrapped"] is empty)
    key = getattr(request, "key_user", None)
    return {
        "tenant_id": str(tenant.id) if tenant else None,
        "actor": getattr(key, "actor", None) or (getattr(user, "actor", None) if known else None),
    }
