"""What a page demands of whoever opens it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from tenants.permissions import PERMISSIONS

View = Callable[..., HttpResponseBase]


def permission_required_here(perm: str) -> Callable[[View], View]:
    """Show the login to strangers, a 403 page with words to members whose role lacks `perm`."""
    known = PERMISSIONS[perm]

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(perm):
                raise PermissionDenied(
                    f"This page is for members from {known.role} up. Ask an admin to change your role."
                )
            return view(request, *args, **kwargs)

        guarded.required_permission = perm
        return guarded

    return decorate
