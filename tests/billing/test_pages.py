"""The costs page and the plan page."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from billing import metering
from billing.plans.models import Subscription
from tenants.context import platform_context, tenant_context
from tests.billing.conftest import Call


def plan_of(organization: Any) -> str:
    with platform_context():
        return Subscription.objects.get(organization=organization).plan.slug


PAGES = [
    ("get", "/costs/", 200),
    ("get", "/costs/queries/", 200),
    ("get", "/costs/export.csv", 200),
    ("get", "/settings/plan/", 200),
    ("post", "/settings/plan/change/", 403),
]


@pytest.mark.parametrize(("method", "path", "status"), PAGES)
def test_a_viewer_sees_usage_and_changes_nothing(
    cast: Any, client_of: Any, method: str, path: str, status: int
) -> None:
    assert getattr(client_of(cast.vera, cast.acme), method)(path).status_code == status


@pytest.mark.parametrize(("method", "path", "status"), PAGES)
def test_a_stranger_is_sent_to_the_login(cast: Any, client_of: Any, method: str, path: str, status: int) -> None:
    response = getattr(client_of(None, cast.acme), method)(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("method", "path", "status"), PAGES)
def test_another_organizations_owner_is_a_stranger(
    cast: Any, client_of: Any, method: str, path: str, status: int
) -> None:
    response = getattr(client_of(cast.charlie, cast.acme), method)(path)
    assert response.status_code in (302, 403)


@pytest.mark.promise("UI-2")
def test_the_empty_page_teaches_the_next_step(cast: Any, client_of: Any) -> None:
    page = client_of(cast.alice, cast.acme).get("/costs/").content.decode()
    assert "Nothing was spent" in page
    assert "what a large model would have cost" in page


@pytest.mark.promise("ANA-1")
def test_the_page_shows_spend_savings_and_mix(cast: Any, client_of: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        call(tier="large", cost="1.5", baseline="1.5", agent=(uuid4(), "incident-manager"))
        for _ in range(3):
            call(tier="small", cost="0.5", baseline="2.5", agent=(uuid4(), "front-desk"))
    page = client_of(cast.alice, cast.acme).get("/costs/").content.decode()
    figures = ("$3.00", "$6.00", "67\xa0% of $9.00 all-large", "75 <small>% small")
    assert [words for words in (*figures, "Incident manager", "Front desk") if words not in page] == []


def test_a_query_opens_into_its_attempts(cast: Any, client_of: Any, call: Call) -> None:
    query = uuid4()
    with tenant_context(cast.acme):
        call(query=query, outcome="failed", cost="0", error="timeout")
        call(query=query, tier="large", cost="0.02")
        metering.count("tool_call", name="open_ticket", query_id=query)
    page = client_of(cast.alice, cast.acme).get("/costs/").content.decode()
    for words in ("2 attempts", "timeout", "open_ticket", str(query)):
        assert words in page


def test_the_person_who_asked_is_named(cast: Any, client_of: Any) -> None:
    with tenant_context(cast.acme):
        record = metering.open_record(
            metering.NewRecord(uuid4(), "demo", "gpt-4o", "large", person_id=cast.bob.public_id)
        )
        metering.close_record(record, metering.Closing("final"))
    assert "asked by Bob" in client_of(cast.alice, cast.acme).get("/costs/").content.decode()


def test_older_queries_come_page_by_page(cast: Any, client_of: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        for _ in range(30):
            call()
    client = client_of(cast.alice, cast.acme)
    first = client.get("/costs/")
    older = client.get("/costs/queries/", {"before": first.context["older"]})
    shown = [{line.query.query_id for line in page.context["queries"]} for page in (first, older)]
    assert [len(ids) for ids in shown] == [25, 5]
    assert not shown[0] & shown[1]
    assert older.context["older"] == ""


def test_a_made_up_cursor_is_not_found(cast: Any, client_of: Any) -> None:
    assert client_of(cast.alice, cast.acme).get("/costs/queries/?before=x_y").status_code == 404


@pytest.mark.parametrize("period", ["week", "month", "year", "nonsense"])
def test_every_period_can_be_chosen(cast: Any, client_of: Any, call: Call, period: str) -> None:
    with tenant_context(cast.acme):
        call()
    assert client_of(cast.alice, cast.acme).get("/costs/", {"period": period}).status_code == 200


def test_the_costs_page_takes_few_queries(
    cast: Any, client_of: Any, call: Call, django_assert_max_num_queries: Any
) -> None:
    with tenant_context(cast.acme):
        for _ in range(30):
            call(agent=(uuid4(), "front-desk"))
    client = client_of(cast.alice, cast.acme)
    client.get("/costs/")  # what the process reads once
    with django_assert_max_num_queries(20):
        client.get("/costs/")


@pytest.mark.promise("TEN-2")
def test_the_plan_page_shows_limits_use_and_who_may_change_them(cast: Any, client_of: Any) -> None:
    page = client_of(cast.vera, cast.acme).get("/settings/plan/").content.decode()
    for words in ("Professional", "$449<", "of 50", "of 1,000", "of $500", "An owner or admin can change the plan"):
        assert words in page


def test_an_owner_changes_the_plan(cast: Any, client_of: Any) -> None:
    response = client_of(cast.alice, cast.acme).post("/settings/plan/change/", {"plan": "enterprise"})
    assert response["Location"] == "/settings/plan/"
    assert plan_of(cast.acme) == "enterprise"


def test_an_unknown_plan_is_refused_in_place(cast: Any, client_of: Any) -> None:
    response = client_of(cast.alice, cast.acme).post("/settings/plan/change/", {"plan": "gold"})
    assert response.status_code == 422
    assert "Choose one of: basic, professional, enterprise" in response.content.decode()
    assert plan_of(cast.acme) == "professional"
