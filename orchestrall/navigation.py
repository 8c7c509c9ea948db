"""The entries of the side bar, the phone's tab bar and the drawer. What a person may not open is not shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class Entry:
    """One page of the menu. `key` is what a view puts into its context as `nav`."""

    key: str
    label: str
    icon: str
    url_name: str
    permission: str = ""
    counted: str = ""
    staff_only: bool = False


@dataclass(frozen=True)
class Item:
    """An entry as drawn for one person: `count` is None where nothing is counted."""

    key: str
    label: str
    icon: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Group:
    title: str
    items: list[Item]


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("overview", "Overview", "smart-home", "agents:overview", "agents.view_agent"),
            Entry("chat", "Chat", "messages", "chat:thread", "chat.view_conversation"),
            Entry("tickets", "Tickets", "ticket", "tickets:ticket-list", "tickets.view_ticket", "tickets"),
        ),
    ),
    (
        "Workforce",
        (
            Entry("agents", "Agents", "users", "agents:agent-list", "agents.view_agent", "agents"),
            Entry("org-chart", "Org chart", "sitemap", "agents:org-chart", "agents.view_agent"),
        ),
    ),
    (
        "Proof",
        (
            Entry("costs", "Costs", "coins", "billing:costs", "billing.view_usage"),
            Entry("audit", "Audit chain", "link", "audit:entry-list", "audit.view_entry"),
        ),
    ),
    (
        "Set up",
        (
            Entry("settings", "Settings", "settings", "tenants:settings-organization", "tenants.view_organization"),
            Entry("account", "Your account", "user-circle", "account_email"),
        ),
    ),
)
PLATFORM_GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("organizations", "Organizations", "building", "tenants:organization-list"),
            Entry("account", "Your account", "user-circle", "account_email"),
            Entry("admin", "Administration", "adjustments-horizontal", "admin:index", staff_only=True),
        ),
    ),
)
TABS = ("overview", "chat", "tickets", "costs")
# Pages that have no entry of their own belong to the entry of their app.
ENTRY_OF_APP = {"agents": "agents", "chat": "chat", "tickets": "tickets", "billing": "costs", "audit": "audit"}
ENTRY_OF_PAGE = {"billing:plan": "settings", "agents:search": ""}
ACCOUNT_PAGES = ("account_", "mfa_", "usersessions_")


def place_of(request: HttpRequest) -> str:
    """Return the key of the entry a request's page belongs to, or ""."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        return ""
    if (match.url_name or "").startswith(ACCOUNT_PAGES):
        return "account"
    own = {entry.url_name: entry.key for _, entries in (*GROUPS, *PLATFORM_GROUPS) for entry in entries} | ENTRY_OF_PAGE
    if match.view_name in own:
        return own[match.view_name]
    if match.view_name.startswith("tenants:settings"):
        return "settings"
    return ENTRY_OF_APP.get(match.namespace, "")


def menu(
    has_permission: Callable[[str], bool],
    counted: Callable[[str], int | None],
    *,
    on_tenant: bool,
    is_staff: bool,
) -> list[Group]:
    """Return the menu for one person: groups in order, without what they may not open and what is not there."""
    groups = []
    for title, entries in GROUPS if on_tenant else PLATFORM_GROUPS:
        allowed = [entry for entry in entries if _is_for(entry, has_permission, is_staff)]
        if shown := [item for entry in allowed if (item := _item(entry, counted))]:
            groups.append(Group(title, shown))
    return groups


def _is_for(entry: Entry, has_permission: Callable[[str], bool], is_staff: bool) -> bool:
    if entry.staff_only and not is_staff:
        return False
    return not entry.permission or has_permission(entry.permission)


def _item(entry: Entry, counted: Callable[[str], int | None]) -> Item | None:
    try:
        url = reverse(entry.url_name)
    except NoReverseMatch:  # the platform's URLs do not hold a tenant's pages
        return None
    number = counted(entry.counted) if entry.counted else None
    return Item(entry.key, entry.label, entry.icon, url, number)
