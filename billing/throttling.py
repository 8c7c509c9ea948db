"""The rate limit on the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from billing.admission import admit_request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads the settings that name this module


class PlanThrottle(BaseThrottle):
    """Count each REST request of a key or person in an organization against the plan's requests a minute.

    A view whose use case calls `admit_request` itself says so with `admits_itself = True`.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True, or QuotaExceeded is raised with limit, use and reset."""
        if getattr(request._request, "tenant", None) is None or not request.user.is_authenticated:
            return True
        if not getattr(view, "admits_itself", False):
            request._request.rate_limit = admit_request(request.user.actor)
        return True
