"""What the viewsets of this app share."""

from __future__ import annotations

from typing import Any, TypeVar

from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.models import User

T = TypeVar("T")


class StaffOnPlatform(BasePermission):
    """Platform staff, signed in on the platform's host."""

    message = "This is for platform staff on the platform's host."

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return bool(
            getattr(request._request, "tenant", None) is None
            and isinstance(user, User)
            and user.is_active
            and user.is_staff
        )


def found(row: T | None, what: str) -> T:
    """`row`, or a 404 that names what was looked for."""
    if row is None:
        raise NotFound(f"There is no such {what} here.")
    return row


def acting_role(request: Request) -> str | None:
    """The member role whose bounds the caller has; a key acts as an admin."""
    return request.user.member_role() if isinstance(request.user, User) else "admin"


def everything(serializer: Any, rows: list[Any]) -> Response:
    """A list that is short by nature, in the shape of a page."""
    return Response({"next": None, "previous": None, "results": serializer(rows, many=True).data})
