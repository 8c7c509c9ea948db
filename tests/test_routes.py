"""Every route against those who must not get in, and against a viewer, who may look and change nothing.

The table is compared with the URL resolver: a new route without a row fails here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from agents.tickets import desk
from tenants.context import platform_context, tenant_context
from tenants.models import Membership
from tests.conftest import Cast

ClientOf = Callable[..., Any]
ID = str(uuid.UUID(int=7))

# Route name -> rows of (method, path, what a viewer gets). Paths that name rows of acme name existing ones, so that
# 404 for a stranger could only come from looking before asking who it is.
Row = tuple[str, str, int]
API: dict[str, list[Row]] = {
    "me": [("get", "me/", 200)],
    "logout": [("post", "logout/", 204)],
    "member-roles": [("get", "member-roles/", 200)],
    "permissions": [("get", "permissions/", 200)],
    "audit-verify": [("get", "audit/verify/", 404), ("post", "audit/verify/", 403)],
    "audit-verify-run": [("get", f"audit/verify/{ID}/", 404)],
    "billing-usage": [("get", "billing/usage/", 200)],
    "billing-plan": [("get", "billing/plan/", 200)],
    "billing-quotas": [("get", "billing/quotas/", 200)],
    "routing-decide": [("post", "routing/decide/", 403)],
    "routing-stats": [("get", "routing/stats/", 200)],
    "hierarchy": [("get", "hierarchy/", 200), ("post", "hierarchy/", 403)],
    "catalogue": [("get", "catalogue/", 200)],
    "catalogue-template": [("get", "catalogue/code-reviewer/", 200)],
    "catalogue-hire": [("post", "catalogue/code-reviewer/hire/", 403)],
    "tools": [("get", "tools/", 200)],
    "organizations-list": [("get", "organizations/", 200), ("post", "organizations/", 403)],
    "organizations-detail": [("get", "organizations/{acme}/", 200), ("delete", "organizations/{acme}/", 403)],
    "organizations-resume": [("post", "organizations/{acme}/resume/", 403)],
    "organizations-suspend": [("post", "organizations/{acme}/suspend/", 403)],
    "organization-usage": [("get", "organizations/{acme}/usage/", 200)],
    "members-list": [("get", "members/", 200)],
    "members-detail": [("get", f"members/{ID}/", 404), ("delete", f"members/{ID}/", 403)],
    "invitations-list": [("get", "invitations/", 403), ("post", "invitations/", 403)],
    "invitations-detail": [("delete", f"invitations/{ID}/", 403)],
    "api-keys-list": [("get", "api-keys/", 403), ("post", "api-keys/", 403)],
    "api-keys-detail": [("get", f"api-keys/{ID}/", 403), ("delete", f"api-keys/{ID}/", 403)],
    "api-keys-rotate": [("post", f"api-keys/{ID}/rotate/", 403)],
    "audit-entries-list": [("get", "audit/entries/", 200)],
    "audit-entries-detail": [("get", "audit/entries/1/", 200)],
    "usage-record-list": [("get", "billing/usage-records/", 200)],
    "usage-record-detail": [("get", f"billing/usage-records/{ID}/", 404)],
    "routing-decisions-list": [("get", "routing/decisions/", 200)],
    "routing-decisions-detail": [("get", f"routing/decisions/{ID}/", 404)],
    "agents-list": [("get", "agents/", 200), ("post", "agents/", 403)],
    "agents-detail": [
        ("get", "agents/front-desk/", 200),
        ("patch", "agents/front-desk/", 403),
        ("put", "agents/front-desk/", 403),
        ("delete", "agents/front-desk/", 403),
    ],
    "agents-archive": [("post", "agents/front-desk/archive/", 403)],
    "agents-compare": [("get", "agents/front-desk/versions/compare/?older=1&newer=1", 200)],
    "agents-move": [("post", "agents/front-desk/move/", 403)],
    "agents-pause": [("post", "agents/front-desk/pause/", 403)],
    "agents-restore": [("post", "agents/front-desk/restore/", 403)],
    "agents-resume": [("post", "agents/front-desk/resume/", 403)],
    "agents-version": [("get", "agents/front-desk/versions/1/", 200)],
    "agents-version-restore": [("post", "agents/front-desk/versions/1/restore/", 403)],
    "agents-versions": [("get", "agents/front-desk/versions/", 200)],
    "roles-list": [("get", "roles/", 200), ("post", "roles/", 403)],
    "roles-detail": [("patch", "roles/front-desk/", 403), ("delete", "roles/front-desk/", 403)],
    "roles-archive": [("post", "roles/front-desk/archive/", 403)],
    "roles-restore": [("post", "roles/front-desk/restore/", 403)],
    "conversations-list": [("get", "conversations/", 200), ("post", "conversations/", 403)],
    "conversations-detail": [("get", f"conversations/{ID}/", 404)],
    "conversations-messages": [
        ("get", f"conversations/{ID}/messages/", 404),
        ("post", f"conversations/{ID}/messages/", 403),
    ],
    "conversations-stop": [("post", f"conversations/{ID}/turns/{ID}/stop/", 403)],
    "conversations-turn": [("get", f"conversations/{ID}/turns/{ID}/", 404)],
    "messages-list": [("get", "messages/", 200)],
    "messages-detail": [("get", f"messages/{ID}/", 404)],
    "tickets-list": [("get", "tickets/", 200), ("post", "tickets/", 403)],
    "tickets-detail": [("get", "tickets/INC-000001/", 200), ("patch", "tickets/INC-000001/", 403)],
    "tickets-assign": [("post", "tickets/INC-000001/assign/", 403)],
    "tickets-comments": [("get", "tickets/INC-000001/comments/", 200), ("post", "tickets/INC-000001/comments/", 403)],
    "tickets-history": [("get", "tickets/INC-000001/history/", 200)],
    "tickets-transitions": [("post", "tickets/INC-000001/transitions/", 403)],
}
V1: dict[str, list[Row]] = {
    # Keys alone count here: a browser's session is nobody.
    "chat-completions": [("post", "chat/completions", 401)],
    "models": [("get", "models", 401)],
    "model": [("get", "models/auto", 401)],
}
PAGES: dict[str, list[Row]] = {
    "overview": [("get", "", 200)],
    "search": [("get", "search/?q=desk", 200)],
    "agent-list": [("get", "agents/", 200)],
    "agent-new": [("get", "agents/new/", 403)],
    "hire": [("get", "agents/hire/", 403)],
    "hire-template": [("get", "agents/hire/code-reviewer/", 403)],
    "role-list": [("get", "agents/roles/", 200)],
    "role-new": [("get", "agents/roles/new/", 403)],
    "role-edit": [("get", "agents/roles/front-desk/", 403)],
    "role-archive": [("post", "agents/roles/front-desk/archive/", 403)],
    "role-restore": [("post", "agents/roles/front-desk/restore/", 403)],
    "agent-detail": [("get", "agents/front-desk/", 200)],
    "agent-edit": [("get", "agents/front-desk/edit/", 403)],
    "version-list": [("get", "agents/front-desk/versions/", 200)],
    "version-restore": [("post", "agents/front-desk/versions/1/restore/", 403)],
    "agent-pause": [("post", "agents/front-desk/pause/", 403)],
    "agent-resume": [("post", "agents/front-desk/resume/", 403)],
    "agent-archive": [("post", "agents/front-desk/archive/", 403)],
    "agent-restore": [("post", "agents/front-desk/restore/", 403)],
    "org-chart": [("get", "org-chart/", 200)],
    "org-chart-move": [("post", "org-chart/move/", 403)],
    "entry-list": [("get", "audit/", 200)],
    "entry-detail": [("get", "audit/1/", 200)],
    "chain-verify": [("post", "audit/verify/", 403)],
    "chain-verdict": [("get", "audit/verdict/", 200)],
    "run-report": [("get", f"audit/runs/{ID}/report/", 404)],
    "settings-organization": [("get", "settings/organization/", 200), ("post", "settings/organization/", 403)],
    "organization-delete": [("post", "settings/organization/delete/", 403)],
    "settings-members": [("get", "settings/members/", 200)],
    "member-invite": [("post", "settings/members/invite/", 403)],
    "member-change": [("post", f"settings/members/{ID}/change/", 403)],
    "member-remove": [("post", f"settings/members/{ID}/remove/", 403)],
    "invitation-revoke": [("post", f"settings/invitations/{ID}/revoke/", 403)],
    "settings-keys": [("get", "settings/keys/", 403)],
    "key-create": [("post", "settings/keys/create/", 403)],
    "key-rotate": [("post", f"settings/keys/{ID}/rotate/", 403)],
    "key-revoke": [("post", f"settings/keys/{ID}/revoke/", 403)],
    "organization-switch": [("get", f"organizations/{ID}/switch/", 404)],
    "ticket-list": [("get", "tickets/", 200)],
    "ticket-board": [("get", "tickets/board/", 200)],
    "ticket-new": [("get", "tickets/new/", 403), ("post", "tickets/new/", 403)],
    "ticket-detail": [("get", "tickets/INC-000001/", 200)],
    "ticket-edit": [("post", "tickets/INC-000001/edit/", 403)],
    "ticket-comment": [("post", "tickets/INC-000001/comment/", 403)],
    "ticket-assign": [("post", "tickets/INC-000001/assign/", 403)],
    "ticket-transition": [("post", "tickets/INC-000001/transition/", 403)],
    "costs": [("get", "costs/", 200)],
    "query-list": [("get", "costs/queries/", 200)],
    "export": [("get", "costs/export.csv", 200)],
    "plan": [("get", "settings/plan/", 200)],
    "plan-change": [("post", "settings/plan/change/", 403)],
    "thread": [("get", "chat/", 200)],
    "list": [("get", "chat/list/", 200)],
    "agent": [("get", "chat/agent/front-desk/", 200)],
    "conversation": [("get", f"chat/{ID}/", 404)],
    "turn": [("get", f"chat/{ID}/turns/{ID}/", 404)],
}
# Open to anyone by design; signing in and one's own account are allauth's, with tests of their own.
OPEN = {"login", "schema", "docs", "handover-redeem", None}
ACCOUNT_PREFIXES = ("account_", "mfa_", "usersessions_")

CASES = [
    (prefix, kind, method, path, viewer)
    for table, prefix, kind in ((API, "/api/v1/", 401), (V1, "/v1/", 401), (PAGES, "/", 302))
    for rows in table.values()
    for method, path, viewer in rows
    for kind in [kind]
]
by_path = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[2]} {c[0]}{c[3]}")
Case = tuple[str, int, str, str, int]


def route_names(patterns: list[Any]) -> Iterator[str | None]:
    for entry in patterns:
        if hasattr(entry, "url_patterns"):
            yield from route_names(entry.url_patterns)
        else:
            yield entry.name


def test_every_route_has_a_row() -> None:
    names = {
        name
        for name in route_names(get_resolver("orchestrall.urls_tenant").url_patterns)
        if name is None or not name.startswith(ACCOUNT_PREFIXES)
    }
    assert names == set(API) | set(V1) | set(PAGES) | OPEN


@pytest.fixture
def scene(cast: Cast) -> Cast:
    """The cast, with the ticket INC-000001 in acme."""
    with tenant_context(cast.acme):
        desk.open_ticket(desk.NewTicket("acme's secret"), actor=cast.alice.actor)
    return cast


def ask(client: Client, scene: Cast, case: Case) -> int:
    prefix, _, method, path, _ = case
    sent = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
    response = getattr(client, method)(prefix + path.format(acme=scene.acme.pk), **sent)
    assert b"secret" not in (b"" if response.streaming else response.content) or response.status_code == 200
    return int(response.status_code)


@by_path
def test_a_stranger_does_not_get_in(scene: Cast, client_of: ClientOf, case: Case) -> None:
    assert ask(client_of(None, scene.acme), scene, case) == case[1]


@pytest.mark.promise("IAM-2")
@by_path
def test_a_viewer_looks_and_changes_nothing(scene: Cast, client_of: ClientOf, case: Case) -> None:
    assert ask(client_of(scene.vera, scene.acme), scene, case) == case[4]


@pytest.mark.promise("TEN-3")
@by_path
def test_another_tenants_owner_does_not_get_in(scene: Cast, client_of: ClientOf, case: Case) -> None:
    charlie = client_of(scene.charlie, scene.meridian)
    charlie.defaults["SERVER_NAME"] = "acme.localhost"
    assert ask(charlie, scene, case) == case[1]


@pytest.mark.promise("TEN-3")
@by_path
def test_another_tenants_key_does_not_get_in(scene: Cast, key_client: ClientOf, case: Case) -> None:
    assert ask(key_client(scene.meridian, host="acme.localhost"), scene, case) == case[1]


@pytest.mark.promise("IAM-2")
@by_path
def test_a_removed_member_does_not_get_in(scene: Cast, client_of: ClientOf, case: Case) -> None:
    bob = client_of(scene.bob, scene.acme)
    with platform_context():
        Membership.objects.filter(user=scene.bob).delete()
    assert ask(bob, scene, case) == case[1]
