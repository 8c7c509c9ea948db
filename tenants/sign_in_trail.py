"""What signing in and out leaves behind: the session's mark of its host, and an entry in the chain.

Django's signals are the one place that all roads (allauth's pages, passkeys, REST, hand-over, admin) pass.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.http import HttpRequest

from audit.chain import record
from tenants.authentication import SESSION_TENANT
from tenants.context import in_context_of
from tenants.middleware import session_mark
from tenants.models import User
from tenants.scope import Tenant


def connect() -> None:
    user_logged_in.connect(_mark_and_record, dispatch_uid="tenants.sign_in_trail")
    user_logged_out.connect(_record_sign_out, dispatch_uid="tenants.sign_in_trail")


def _host_tenant(request: HttpRequest | None) -> Tenant | None:
    return getattr(request, "host_tenant", None)


def _mark_and_record(sender: object, request: HttpRequest, user: User, **_: Any) -> None:
    request.session[SESSION_TENANT] = session_mark(_host_tenant(request))
    _record(request, user, "tenants.session.opened")


def _record_sign_out(sender: object, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        _record(request, user, "tenants.session.closed")


def _record(request: HttpRequest, user: User, action: str) -> None:
    tenant = _host_tenant(request)
    with in_context_of(tenant), transaction.atomic():
        record(
            action, f"tenants.person:{user.public_id}", {"host": "tenant" if tenant else "platform"}, actor=user.actor
        )
