"""The search box: what is found, in which order, and by whom."""

from __future__ import annotations

from typing import Any

import pytest

from agents.search import LONGEST, search
from agents.tickets import desk


@pytest.fixture
def ticket(in_acme: Any, cast: Any) -> Any:
    """An open incident of acme."""
    return desk.open_ticket(desk.NewTicket(kind="incident", title="VPN drops in Lisbon"), actor=cast.alice.actor)


@pytest.mark.parametrize("words", ["{number}", "inc-1", "INC1", "vpn", "drops lisbon", "Lisb"])
def test_a_ticket_is_found_by_number_and_by_words(ticket: Any, words: str) -> None:
    number = ticket.number if "{" in words else words
    if words.lower().startswith("inc"):
        number = words.replace("1", str(int(ticket.number.split("-")[1])))
    assert ticket in search(number).tickets


def test_agents_are_found_by_the_beginning_of_their_name_first(in_acme: Any) -> None:
    assert search("front").agents[0].slug == "front-desk"


def test_agents_are_found_by_what_they_do(in_acme: Any) -> None:
    assert "incident-manager" in [agent.slug for agent in search("outages").agents] or search("incident").agents


@pytest.mark.parametrize("words", ["", "   ", "%%%", "';--", "x" * (LONGEST * 5), "INC-99999999", "\x00\x01"])
def test_odd_words_find_nothing_and_break_nothing(in_acme: Any, words: str) -> None:
    assert search(words).count == 0


def test_tickets_are_left_out_for_whom_may_not_see_them(ticket: Any) -> None:
    assert search("vpn", tickets=False).tickets == []


def test_the_page_escapes_what_was_asked(client_of: Any, cast: Any) -> None:
    page = client_of(cast.vera, cast.acme).get("/search/", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


def test_nothing_of_another_organization_is_found(client_of: Any, cast: Any, ticket: Any) -> None:
    page = client_of(cast.charlie, cast.meridian).get("/search/", {"q": "vpn"}).content.decode()
    assert "Lisbon" not in page
