"""Django's request handler with the few middlewares that `/v1/` needs.

The full list holds synchronous ones (sessions, messages, static files). Under ASGI each of them sends the request to a
thread and back, and a client's disconnect no longer reaches the view as a cancellation. Keys alone open `/v1/`, so
nothing of that is missed there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.utils.module_loading import import_string

LEAN_PREFIXES = ("/v1/",)
GRACE_S = 4.0


class LeanHandler(ASGIHandler):
    """Serves with `settings.LEAN_MIDDLEWARE`, all of which must be able to run asynchronously."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request. Told to stop, the server cancels it: the answer then has a moment to end by itself.

        Django would leave its view running, without anybody who waits for it.
        """
        served = asyncio.create_task(super().handle(scope, receive, send))
        try:
            await asyncio.shield(served)
        except asyncio.CancelledError:
            await asyncio.wait([served], timeout=GRACE_S)
            served.cancel()
            await asyncio.wait([served])
            raise

    def load_middleware(self, is_async: bool = True) -> None:
        handler: Any = convert_exception_to_response(self._get_response_async)
        for path in reversed(settings.LEAN_MIDDLEWARE):
            handler = convert_exception_to_response(import_string(path)(handler))
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = handler


class HttpApplication:
    """Sends a request to the lean handler or to Django's full one."""

    def __init__(self, full: Any, lean: Any) -> None:
        self.full, self.lean = full, lean

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        handler = self.lean if scope["path"].startswith(LEAN_PREFIXES) else self.full
        await handler(scope, receive, send)
