"""Django's request handler with the few middlewares that `/v1/` needs.

The full list holds synchronous ones (sessions, messages, static files). Under ASGI each of them sends the request to a
thread and back, and a client's disconnect no longer reaches the view as a cancellation. Keys alone open `/v1/`, so
nothing of that is missed there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.urls import set_script_prefix
from django.utils.module_loading import import_string

LEAN_PREFIXES = ("/v1/",)
GRACE_S = 4.0


class LeanHandler(ASGIHandler):
    """Serves with `settings.LEAN_MIDDLEWARE`, all of which must be able to run asynchronously.

    It sends neither `request_started` nor `request_finished`: what listens to them looks after the database connection
    of the request's own thread. Here is none; `tenants.context` gives each connection back at once.
    """

    def load_middleware(self, is_async: bool = True) -> None:
        handler: Any = convert_exception_to_response(self._get_response_async)
        for path in reversed(settings.LEAN_MIDDLEWARE):
            handler = convert_exception_to_response(import_string(path)(handler))
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = handler

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            set_script_prefix(get_script_prefix(scope))
            request, refusal = self.create_request(scope, body)
            if request is None:
                await self.send_response(refusal, send)
            else:
                await _serve_while_wanted(self._serve(request, send), receive())

    async def _serve(self, request: Any, send: Any) -> None:
        response = await self.run_get_response(request)
        await self.send_response(response, send)
        request.close()


async def _serve_while_wanted(serve: Any, disconnect: Any) -> None:
    """Serve a request until it is done or its client has gone; the view then sees a cancellation and may clean up.

    Told to stop, the server cancels its requests; the answer then has a moment to end by itself. Nothing is left
    running that nobody waits for.
    """
    serving, leaving = asyncio.ensure_future(serve), asyncio.ensure_future(disconnect)
    try:
        await asyncio.wait([serving, leaving], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await asyncio.wait([serving], timeout=GRACE_S)
        raise
    finally:
        leaving.cancel()
        serving.cancel()
        await asyncio.wait([serving, leaving])
    if not serving.cancelled():
        serving.result()


class HttpApplication:
    """Sends a request to the lean handler or to Django's full one."""

    def __init__(self, full: Any, lean: Any) -> None:
        self.full, self.lean = full, lean

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        handler = self.lean if scope["path"].startswith(LEAN_PREFIXES) else self.full
        await handler(scope, receive, send)
