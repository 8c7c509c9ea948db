"""Which tenant a request is for, and whether the signed-in person belongs there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject

from tenants import authentication, hosts
from tenants.context import in_context_of, in_platform, platform_context
from tenants.exceptions import NotFound, Refusal, TenantNotReady, TenantSuspended
from tenants.keys import KeyRefused, KeyUser
from tenants.models import Membership
from tenants.problems import refusal_response
from tenants.scope import Tenant

# Under these paths a bearer token counts, and on the platform host it names the tenant.
KEY_PATHS = ("/api/", "/v1/", "/ws/")
# Signing in and managing one's own account touches people alone, whom a tenant's role cannot read.
ACCOUNT_PATHS = ("/accounts/", "/handover/")

PLATFORM_SESSION = "platform"

GetResponse = Callable[[HttpRequest], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request belongs: the host's tenant, the one it acts in, and who holds the key."""

    host_tenant: Tenant | None
    tenant: Tenant | None
    key_user: KeyUser | KeyRefused | None
    urlconf: str


def find_place(request: HttpRequest) -> Place:
    """Resolve host and key. Raises NotFound for an unknown host and a Refusal for a tenant that is closed."""
    host = request.get_host()
    on_platform = hosts.is_platform_host(host)
    host_tenant = None if on_platform else hosts.find_tenant(host)
    if not on_platform and (host_tenant is None or host_tenant.status == "deleting"):
        raise NotFound("No organization answers at this address.")
    key_user = authentication.authenticate_request(request) if request.path.startswith(KEY_PATHS) else None
    if isinstance(key_user, KeyUser) and host_tenant is not None and key_user.tenant.id != host_tenant.id:
        key_user = KeyRefused("The API key belongs to another organization.")
    tenant = key_user.tenant if isinstance(key_user, KeyUser) else host_tenant
    if tenant is not None:
        check_is_open(tenant)
    return Place(
        host_tenant=host_tenant,
        tenant=tenant,
        key_user=key_user,
        urlconf=settings.PUBLIC_SCHEMA_URLCONF if on_platform else settings.ROOT_URLCONF,
    )


def check_is_open(tenant: Tenant) -> None:
    """Raise the fitting Refusal unless the organization is active."""
    if tenant.status == "suspended":
        raise TenantSuspended(
            f"{tenant.name} is suspended. Its data is kept; ask the platform's staff to open it again."
        )
    if tenant.status == "deleting":
        raise NotFound("No organization answers at this address.")
    if not tenant.is_active:
        raise TenantNotReady(f"{tenant.name} is being set up. This takes a few seconds.")


def _mark(request: HttpRequest, place: Place) -> None:
    request.tenant = place.tenant
    request.host_tenant = place.host_tenant
    request.key_user = place.key_user
    request.urlconf = place.urlconf


def _context_tenant(request: HttpRequest, place: Place) -> Tenant | None:
    return None if request.path.startswith(ACCOUNT_PATHS) else place.tenant


def _refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    request.tenant = None
    request.host_tenant = None
    request.key_user = None
    request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
    with platform_context():
        return refusal_response(request, refusal)


@sync_and_async_middleware
def TenantMiddleware(get_response: Any) -> Any:
    """Open the request's database context: the tenant's, or the platform's; close it after the response."""
    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            try:
                place = await in_platform(find_place, request)
            except Refusal as refusal:
                return await in_platform(_refuse, request, refusal)
            _mark(request, place)
            with in_context_of(_context_tenant(request, place)):
                answer: Awaitable[HttpResponseBase] = get_response(request)
                return await answer

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            place = find_place(request)
        except Refusal as refusal:
            return _refuse(request, refusal)
        _mark(request, place)
        with in_context_of(_context_tenant(request, place)):
            response: HttpResponseBase = get_response(request)
            return response

    return middleware


def session_mark(tenant: Tenant | None) -> str:
    """What a session remembers of the host it was opened on."""
    return str(tenant.id) if tenant else PLATFORM_SESSION


def person_here(request: HttpRequest, user: Any) -> Any:
    """The signed-in person if the session was opened on this host and they are still a member; else anonymous."""
    if not user.is_authenticated:
        return user
    tenant: Tenant | None = request.host_tenant
    if request.session.get(authentication.SESSION_TENANT) != session_mark(tenant):
        return AnonymousUser()
    if tenant is not None:
        with platform_context():
            role = Membership.objects.filter(user_id=user.pk, organization_id=tenant.id).values_list("role", flat=True)
            known = role.first()
        if known is None:
            return AnonymousUser()
        user.__dict__.setdefault("_member_roles", {})[tenant.id] = known
    return user


class MembershipMiddleware:
    """After Django's authentication: a session is worth something on its own host and for members alone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        signed_in = request.user
        request.user = SimpleLazyObject(lambda: person_here(request, signed_in))
        return self.get_response(request)
