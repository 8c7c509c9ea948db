"""The frame around signed-in pages, computed as it is read.

Account pages run in the platform's context, also on a tenant's host; what the frame shows of the organization is
therefore read in the tenant's own context, opened here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from agents.tickets.queries import open_count
from billing.counters import used
from billing.exceptions import NoPlan
from billing.limits import QUOTAS, Limits, load_limits
from orchestrall import demo
from orchestrall.navigation import TABS, Group, Item, menu, place_of
from routing.providers.status import only_demo_answers
from tenants.context import tenant_context
from tenants.handover import list_organizations

NEAR = 0.8


@dataclass(frozen=True)
class ShownOrganization:
    name: str
    plan: str


@dataclass(frozen=True)
class OtherOrganization:
    name: str
    url: str


@dataclass(frozen=True)
class Meter:
    """How much of a monthly quota is used; `limit` is None where there is none."""

    label: str
    used: int
    limit: int | None

    @property
    def is_near(self) -> bool:
        return self.limit is not None and self.used >= NEAR * self.limit


@dataclass(frozen=True)
class DemoAccount:
    email: str
    words: str
    password: str


class Shell:
    """Menu, tabs, organization and meter for one request. Each part is computed once, when a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._tenant = getattr(request, "tenant", None)

    @property
    def _user(self) -> Any:
        return getattr(self._request, "user", None)

    @property
    def _is_signed_in(self) -> bool:
        return bool(self._user and self._user.is_authenticated)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        if self._tenant is None:
            yield
            return
        with tenant_context(self._tenant):
            yield

    @cached_property
    def nav(self) -> list[Group]:
        if not self._is_signed_in:
            return []
        with self._inside():
            return menu(
                self._user.has_perm, self._count, on_tenant=self._tenant is not None, is_staff=self._user.is_staff
            )

    @cached_property
    def tabs(self) -> list[Item]:
        return [item for group in self.nav for item in group.items if item.key in TABS]

    @cached_property
    def here(self) -> str:
        return place_of(self._request)

    @cached_property
    def current(self) -> Item | None:
        """The entry of the page being shown, by its address."""
        return next((item for group in self.nav for item in group.items if item.key == self.here), None)

    @cached_property
    def organization(self) -> ShownOrganization | None:
        if self._tenant is None:
            return None
        return ShownOrganization(self._tenant.name, self._limits.plan_name if self._limits else "")

    @cached_property
    def other_organizations(self) -> list[OtherOrganization]:
        if not self._is_signed_in:
            return []
        here = self._tenant.id if self._tenant else None
        return [
            OtherOrganization(other.name, reverse("tenants:organization-switch", args=[other.id]))
            for other, _ in list_organizations(self._user)
            if other.id != here
        ]

    @cached_property
    def member_role(self) -> str:
        """The person's member role here; on the platform's host nothing, or that they are staff."""
        if self._tenant is None:
            return "Platform staff" if self._user.is_staff else ""
        with self._inside():
            return (self._user.member_role() or "").capitalize()

    @cached_property
    def meter(self) -> Meter | None:
        if self._limits is None:
            return None
        limit = self._limits.of("tickets_per_month")
        with self._inside():
            return Meter(
                QUOTAS["tickets_per_month"].label, used("tickets_per_month"), None if limit is None else int(limit)
            )

    @cached_property
    def only_demo(self) -> bool:
        """True while answers come from the demonstration's provider."""
        if self._tenant is None:
            return False
        with self._inside():
            return only_demo_answers()

    @cached_property
    def demo_accounts(self) -> list[DemoAccount]:
        """The published accounts that open this host; none outside the demonstration."""
        if not settings.EMBEDDED_DEMO:
            return []
        if self._tenant is None:
            return [DemoAccount(demo.STAFF, "platform staff", demo.PASSWORD)]
        people = next((entry.people for entry in demo.ORGANIZATIONS if entry.new.slug == self._tenant.slug), ())
        return [DemoAccount(email, role, demo.PASSWORD) for email, _, role in people]

    @cached_property
    def account_url(self) -> str:
        try:
            return reverse("account_email")
        except NoReverseMatch:
            return "/"

    @cached_property
    def _limits(self) -> Limits | None:
        if self._tenant is None:
            return None
        with self._inside():
            try:
                return load_limits()
            except NoPlan:
                return None

    def _count(self, what: str) -> int:
        return used("agents") if what == "agents" else open_count()
