"""Who is at the other end of a socket: tenant by host or key, person by session, membership checked.

A session cookie counts only with an Origin that equals the socket's own scheme, host and port, since browsers send
cookies along for any page. A bearer token counts only without an Origin: programs have none, and a page must not
carry keys. Whoever cannot be identified is refused at the handshake; whoever can, but may not enter, is told why.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from tenants.context import in_platform, tenant_context
from tenants.exceptions import Forbidden, NotFound, Refusal
from tenants.groups import group_name, send_to_group
from tenants.keys import KeyUser
from tenants.middleware import find_place, person_here
from tenants.models import User
from tenants.scope import PLATFORM_ID, Tenant
from tenants.second_factor import WORDS, must_set_up
from tenants.sessions import SessionStore

if TYPE_CHECKING:
    from audit.feed import AppendedEntry

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

CLOSE_FORBIDDEN = 4403
DEFAULT_PORTS = {"http": 80, "https": 443}
# Standing is checked again on all sockets of a tenant when one of these is committed.
ENDING_ACTIONS = {
    "tenants.key.revoked",
    "tenants.key.rotated",
    "tenants.member.removed",
    "tenants.member.role_changed",
    "tenants.organization.suspended",
    "tenants.organization.deletion_requested",
    "tenants.organization.deleted",
}


class HandshakeRefused(Refusal):
    """Nobody, or from somewhere else: the handshake ends with 403 and no words."""

    status = 403
    type = "handshake-refused"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the other end, and in which organization."""

    tenant: Tenant
    user: User | KeyUser


class SocketGate:
    """ASGI middleware for sockets: puts a `Visitor` into the scope, or refuses.

    The tenant stays set for the connection's tasks, so that keys and groups can be named; the database is reached
    through `in_tenant`, call by call.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            visitor = await in_platform(identify, scope)
        except HandshakeRefused:
            await _refuse_handshake(receive, send)
            return
        except Refusal as refusal:
            await _refuse_with_words(refusal, receive, send)
            return
        with tenant_context(visitor.tenant):
            await self.app({**scope, "visitor": visitor}, receive, send)


def identify(scope: Scope) -> Visitor:
    """Find out who opens the socket. Raises HandshakeRefused, or a Refusal with words for people."""
    request = ASGIRequest({**scope, "method": "GET"}, BytesIO())
    try:
        request.get_host()
    except DisallowedHost:
        raise HandshakeRefused from None
    origin = request.headers.get("Origin")
    has_key = "Authorization" in request.headers
    if has_key == (origin is not None) or (origin is not None and not is_own_origin(origin, request)):
        raise HandshakeRefused
    try:
        place = find_place(request)
    except NotFound:
        raise HandshakeRefused from None
    if has_key:
        if isinstance(place.key_user, KeyUser) and place.tenant is not None:
            return Visitor(place.tenant, place.key_user)
        raise HandshakeRefused
    if place.host_tenant is None:
        raise HandshakeRefused
    request.host_tenant = place.host_tenant
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    person = person_here(request, get_user(request))
    if not isinstance(person, User):
        raise HandshakeRefused
    with tenant_context(place.host_tenant):
        if must_set_up(person):
            raise Forbidden(WORDS)
    return Visitor(place.host_tenant, person)


def is_own_origin(origin: str, request: HttpRequest) -> bool:
    """Whether a page of `origin` stands on the very scheme, host and port that the socket was opened on."""
    scheme = "https" if settings.HTTPS or request.is_secure() or request.scheme == "wss" else "http"
    try:
        ours, theirs = _address(f"{scheme}://{request.get_host()}"), _address(origin)
    except ValueError:
        return False
    return ours == theirs


def _address(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    if not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(url)
    return parts.scheme, parts.hostname.rstrip("."), parts.port or DEFAULT_PORTS.get(parts.scheme, 0)


async def _refuse_handshake(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN})


async def _refuse_with_words(refusal: Refusal, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    frame = {"type": "error", "code": refusal.type, "detail": refusal.detail}
    await send({"type": "websocket.send", "text": json.dumps(frame)})
    await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN})


def standing_group(tenant: Tenant | None = None) -> str:
    """The group that hears when somebody's standing may have ended."""
    return group_name("standing", tenant_id=tenant.id if tenant else None)


def check_standing_again(tenant_id: UUID, entries: list[AppendedEntry]) -> None:
    """Feed subscriber: have the tenant's sockets ask again whether their visitors may stay."""
    for entry in entries:
        if entry.action in ENDING_ACTIONS:
            # Suspensions are told on the platform's chain; the organization is the target there.
            owner = entry.target.rpartition(":")[2] if tenant_id == PLATFORM_ID else str(tenant_id)
            _ring(owner)


def _ring(organization_id: str) -> None:
    try:
        owner = UUID(organization_id)
    except ValueError:
        return
    send_to_group(group_name("standing", tenant_id=owner), {"type": "standing.check", "tenant": str(owner)})


def check_may(visitor: Visitor, permission: str) -> None:
    """Raise Forbidden with words unless the visitor has the permission; inside the tenant's context."""
    if not visitor.user.has_perm(permission):
        raise Forbidden(f"This needs the permission {permission}, which your role or key lacks.")
