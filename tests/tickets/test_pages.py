"""Pages and REST of the desk, for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.tickets import desk
from agents.tickets.models import Ticket
from tenants.context import tenant_context
from tests.conftest import Cast

ClientOf = Callable[..., Any]


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """INC-000001 of acme, opened by Alice; meridian has one of the same number."""
    with tenant_context(cast.meridian):
        desk.open_ticket(desk.NewTicket("meridian's secret"), actor=cast.charlie.actor)
    with tenant_context(cast.acme):
        return desk.open_ticket(desk.NewTicket("acme's secret", description="It burns"), actor=cast.alice.actor)


PAGES = ["/tickets/", "/tickets/board/", "/tickets/new/", "/tickets/INC-000001/"]


@pytest.mark.promise("TKT-5")
@pytest.mark.parametrize("path", PAGES)
def test_the_desks_pages_open_for_an_operator(cast: Cast, client_of: ClientOf, ticket: Ticket, path: str) -> None:
    page = client_of(cast.bob, cast.acme).get(path)
    assert page.status_code == 200
    assert "meridian" not in page.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_the_login(cast: Cast, client_of: ClientOf, ticket: Ticket, path: str) -> None:
    assert client_of(None, cast.acme).get(path).status_code == 302


@pytest.mark.promise("IAM-2")
def test_a_viewer_reads_and_changes_nothing(cast: Cast, client_of: ClientOf, ticket: Ticket) -> None:
    vera = client_of(cast.vera, cast.acme)
    page = vera.get("/tickets/INC-000001/")
    assert page.status_code == 200
    assert "Assign</button>" not in page.content.decode()
    assert vera.get("/tickets/new/").status_code == 403
    for road in ("comment", "assign", "edit", "transition"):
        assert vera.post(f"/tickets/INC-000001/{road}/", {"text": "x", "transition": "start"}).status_code == 403
    with tenant_context(cast.acme):
        assert desk.find("INC-000001").state == "new"


@pytest.mark.promise("TEN-3")
def test_the_same_number_shows_each_tenant_its_own(cast: Cast, client_of: ClientOf, ticket: Ticket) -> None:
    assert "acme&#x27;s secret" in client_of(cast.alice, cast.acme).get("/tickets/INC-000001/").content.decode()
    assert (
        "meridian&#x27;s secret" in client_of(cast.charlie, cast.meridian).get("/tickets/INC-000001/").content.decode()
    )


@pytest.mark.promise("TEN-3")
def test_another_tenants_ticket_is_404_by_its_id(
    cast: Cast, client_of: ClientOf, key_client: ClientOf, ticket: Ticket
) -> None:
    path = f"/api/v1/tickets/{ticket.public_id}/"
    assert client_of(cast.alice, cast.acme).get(path).status_code == 200
    assert client_of(cast.charlie, cast.meridian).get(path).status_code == 404
    assert key_client(cast.meridian).get(path).status_code == 404
    assert client_of(cast.charlie, cast.meridian).get(f"/tickets/{ticket.public_id}/").status_code == 404


def test_a_ticket_is_opened_by_its_page(cast: Cast, client_of: ClientOf, ticket: Ticket) -> None:
    data = {"kind": "change", "title": "Rotate keys", "impact": "high", "urgency": "low"}
    response = client_of(cast.bob, cast.acme).post("/tickets/new/", data)
    assert (response.status_code, response["Location"]) == (302, "/tickets/CHG-000001/")


def test_a_form_without_a_title_says_so(cast: Cast, client_of: ClientOf) -> None:
    response = client_of(cast.bob, cast.acme).post("/tickets/new/", {"kind": "incident"})
    assert response.status_code == 422
    assert "required" in response.content.decode()


@pytest.mark.promise("SEC-4")
def test_markup_in_a_ticket_is_shown_and_not_run(cast: Cast, client_of: ClientOf, ticket: Ticket) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    with tenant_context(cast.acme):
        made = desk.open_ticket(desk.NewTicket(evil, description=evil), actor=cast.alice.actor)
        desk.comment(made, evil, actor=cast.alice.actor)
    for path in ("/tickets/", "/tickets/board/", made.get_absolute_url()):
        page = client_of(cast.bob, cast.acme).get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_step_by_the_page_moves_the_ticket(cast: Cast, client_of: ClientOf, ticket: Ticket) -> None:
    client_of(cast.bob, cast.acme).post(
        "/tickets/INC-000001/transition/", {"transition": "resolve", "note": "Rebooted"}
    )
    with tenant_context(cast.acme):
        assert (desk.find("INC-000001").state, desk.find("INC-000001").resolution) == ("resolved", "Rebooted")


def test_the_board_moves_by_state_and_says_why_not(cast: Cast, client_of: ClientOf, ticket: Ticket) -> None:
    bob = client_of(cast.bob, cast.acme)
    assert bob.post("/tickets/INC-000001/transition/", {"to": "in_progress"}).json() == {"detail": ""}
    refused = bob.post("/tickets/INC-000001/transition/", {"to": "closed"})
    assert refused.status_code == 409
    assert "not possible" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("?view=resolved", False), ("?kind=change", False), ("?q=secret", True), ("?q=nothing", False),
     ("?priority=3", True), ("?priority=1", False), ("?view=mine", True), ("?sort=priority&before=x", True)],
)  # fmt: skip
def test_filters_narrow_the_list(cast: Cast, client_of: ClientOf, ticket: Ticket, query: str, found: bool) -> None:
    page = client_of(cast.alice, cast.acme).get(f"/tickets/{query}").content.decode()
    assert ("acme&#x27;s secret" in page) is found


def test_pages_by_key_show_each_ticket_once(cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.tickets import listing

    monkeypatch.setattr(listing, "PAGE", 3)
    with tenant_context(cast.acme):
        for n in range(8):
            desk.open_ticket(desk.NewTicket(f"t{n}", impact=["high", "low"][n % 2]), actor=cast.alice.actor)
        for sort in listing.SORTS:
            seen: list[int] = []
            before = ""
            while True:
                filters = listing.Filters(sort=sort, before=before)
                rows, before = listing.page_of(filters, listing.tickets_of(filters, cast.alice.public_id))
                seen += [row.pk for row in rows]
                if not before:
                    break
            assert len(seen) == len(set(seen)) == 8, sort


def test_the_lists_queries_do_not_grow_with_the_tickets(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    with tenant_context(cast.acme):
        for n in range(30):
            desk.open_ticket(desk.NewTicket(f"t{n}"), actor=cast.alice.actor)
    for path, most in (("/tickets/", 25), ("/tickets/board/", 25), ("/tickets/INC-000001/", 25)):
        client = client_of(cast.alice, cast.acme)
        client.get(path)
        with django_assert_max_num_queries(most):
            client.get(path)


REST = [
    ("get", "", None, {"alice": 200, "bob": 200, "vera": 200, "nobody": 401}),
    ("post", "", {"title": "x"}, {"alice": 201, "bob": 201, "vera": 403, "nobody": 401}),
    ("get", "INC-000001/", None, {"alice": 200, "bob": 200, "vera": 200, "nobody": 401}),
    ("patch", "INC-000001/", {"impact": "high"}, {"alice": 200, "bob": 200, "vera": 403, "nobody": 401}),
    ("post", "INC-000001/transitions/", {"transition": "start"}, {"bob": 200, "vera": 403, "nobody": 401}),
    ("post", "INC-000001/assign/", {"agent": None}, {"bob": 200, "vera": 403, "nobody": 401}),
    ("get", "INC-000001/comments/", None, {"bob": 200, "vera": 200, "nobody": 401}),
    ("post", "INC-000001/comments/", {"text": "hi"}, {"bob": 201, "vera": 403, "nobody": 401}),
    ("get", "INC-000001/history/", None, {"bob": 200, "vera": 200, "nobody": 401}),
    ("get", "INC-999999/", None, {"bob": 404, "nobody": 401}),
]


@pytest.mark.promise("API-3")
@pytest.mark.parametrize(
    "case", [(m, p, b, who, status) for m, p, b, table in REST for who, status in table.items()], ids=str
)
def test_the_rest_of_the_desk_by_role(
    cast: Cast, client_of: ClientOf, ticket: Ticket, case: tuple[str, str, Any, str, int]
) -> None:
    method, path, body, who, status = case
    client: Client = client_of(getattr(cast, who, None), cast.acme)
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    response = getattr(client, method)(f"/api/v1/tickets/{path}", **sent)
    assert response.status_code == status, response.content


def test_a_key_that_may_only_read_opens_no_ticket(cast: Cast, key_client: ClientOf) -> None:
    reader = key_client(cast.acme, scopes=["read"])
    assert reader.post("/api/v1/tickets/", {"title": "x"}, content_type="application/json").status_code == 403


def test_bad_fields_are_named_by_rest(cast: Cast, client_of: ClientOf) -> None:
    response = client_of(cast.bob, cast.acme).post(
        "/api/v1/tickets/", {"title": "", "impact": "huge"}, content_type="application/json"
    )
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"title", "impact"}


def test_an_impossible_step_is_a_conflict_with_what_is_possible(
    cast: Cast, client_of: ClientOf, ticket: Ticket
) -> None:
    response = client_of(cast.bob, cast.acme).post(
        "/api/v1/tickets/INC-000001/transitions/", {"transition": "close"}, content_type="application/json"
    )
    assert (response.status_code, response.json()["possible"]) == (409, ["start", "wait", "resolve"])
