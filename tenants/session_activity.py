"""Sessions end after 8 hours without activity: each sign of life moves the end, at most every five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponseBase

from tenants.context import platform_context

EVERY_SECONDS = 300
SEEN = "seen"


class SessionActivityMiddleware:
    """Keeps a session alive while it is used, and its line in the person's list of sessions up to date."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.session.accessed and request.session.session_key and request.user.is_authenticated:
            now = time.time()
            if now - request.session.get(SEEN, 0) > EVERY_SECONDS:
                request.session[SEEN] = now
                # People's sessions stand in public, wherever the request acts.
                with platform_context():
                    UserSession.objects.create_from_request(request)
        return response
