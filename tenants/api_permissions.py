"""DRF permission: what a view demands stands on the view, who has it stands in `tenants.permissions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tenants.permissions import PERMISSIONS

if TYPE_CHECKING:  # DRF imports this module while it imports its views
    from rest_framework.views import APIView


class HasPermission(BasePermission):
    """Allow what the view's `permissions` mapping names for the action (or `"*"`), inside a tenant only.

    Keys are viewset actions or, on plain views, lower-case methods. An action without a row is refused to everyone.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        user: Any = request.user
        if not user or not user.is_authenticated or getattr(request._request, "tenant", None) is None:
            return False
        wanted = required_permission(view, request.method or "GET")
        if wanted is None:
            return False
        self.message = f"This needs the permission {wanted}."
        known = PERMISSIONS.get(wanted)
        if known is not None:
            self.message += f" Members have it from {known.role} up, keys with the scope {known.scope}."
        return bool(user.has_perm(wanted))


def required_permission(view: APIView, method: str) -> str | None:
    """The permission a view asks for; HEAD counts as GET, OPTIONS asks for what GET asks for."""
    table: dict[str, str] = getattr(view, "permissions", {})
    name = getattr(view, "action", None) or {"HEAD": "get", "OPTIONS": "get"}.get(method, method.lower())
    if name == "metadata":
        name = "list" if "list" in table else "get"
    return table.get(name) or table.get("*")
