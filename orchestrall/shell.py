"""The frame around signed-in pages, computed as it is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from orchestrall.navigation import TABS, Group, Item, menu


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
        return self.limit is not None and self.used >= 0.8 * self.limit


class Shell:
    """Menu, tabs, organization and meter for one request. Each part is computed once, when a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._tenant = getattr(request, "tenant", None)
        self._user = getattr(request, "user", None)

    @cached_property
    def nav(self) -> list[Group]:
        if self._user is None or not self._user.is_authenticated:
            return []
        return menu(self._user.has_perm, self._count, on_tenant=self._tenant is not None)

    @cached_property
    def tabs(self) -> list[Item]:
        return [item for group in self.nav for item in group.items if item.key in TABS]

    @cached_property
    def organization(self) -> ShownOrganization | None:
        if self._tenant is None:
            return None
        return ShownOrganization(self._tenant.name, "")

    @cached_property
    def other_organizations(self) -> list[OtherOrganization]:
        return []

    @cached_property
    def member_role(self) -> str:
        return ""

    @cached_property
    def meter(self) -> Meter | None:
        return None

    @cached_property
    def account_url(self) -> str:
        try:
            return reverse("account_email")
        except NoReverseMatch:
            return "/"

    def _count(self, what: str) -> int | None:
        return None
