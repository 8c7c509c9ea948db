"""REST: usage, usage records, plan, quotas, and the limit on asking."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from billing import metering, rollups
from billing.plans.subscriptions import set_quota
from tenants.context import tenant_context
from tests.billing.conftest import NOON, Call

URLS = ["/api/v1/billing/usage/", "/api/v1/billing/usage-records/", "/api/v1/billing/plan/", "/api/v1/billing/quotas/"]


@pytest.fixture
def record(cast: Any, call: Call) -> UUID:
    """One record of acme."""
    with tenant_context(cast.acme):
        return call(at=NOON)


@pytest.mark.promise("API-3")
@pytest.mark.parametrize("url", URLS)
def test_a_viewer_and_a_key_that_reads_may_look(cast: Any, client_of: Any, key_client: Any, url: str) -> None:
    assert client_of(cast.vera, cast.acme).get(url).status_code == 200
    assert key_client(cast.acme, scopes=["read"]).get(url).status_code == 200
    assert key_client(cast.acme, scopes=["read"], host="localhost").get(url).status_code == 200


@pytest.mark.parametrize("url", URLS)
def test_nobody_else_may(cast: Any, client_of: Any, key_client: Any, url: str) -> None:
    assert client_of(None, cast.acme).get(url).status_code == 401
    assert client_of(cast.charlie, cast.acme).get(url).status_code in (401, 403)
    assert key_client(cast.acme, scopes=["chat"]).get(url).status_code == 403


@pytest.mark.parametrize("url", URLS)
def test_usage_is_read_and_never_written(cast: Any, client_of: Any, url: str) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client_of(cast.alice, cast.acme), method)(url).status_code in (403, 405)


def test_a_record_of_another_organization_is_not_found(cast: Any, client_of: Any, record: UUID) -> None:
    url = f"/api/v1/billing/usage-records/{record}/"
    assert client_of(cast.alice, cast.acme).get(url).status_code == 200
    assert client_of(cast.charlie, cast.meridian).get(url).status_code == 404


@pytest.mark.parametrize("group_by", ["total", "hour", "day", "model", "agent", "tier", "kind"])
def test_each_grouping_adds_up_to_its_total(cast: Any, client_of: Any, call: Call, group_by: str) -> None:
    with tenant_context(cast.acme):
        call(cost="0.0000000001", at=NOON, agent=(uuid4(), "front-desk"))
        rollups.roll_up()
        call(tier="large", cost="0.25", at=NOON - timedelta(hours=3))
    asked = {"group_by": group_by, "since": "2026-11-20", "until": "2026-11-21"}
    answer = client_of(cast.alice, cast.acme).get("/api/v1/billing/usage/", asked).json()
    assert answer["total"]["cost"] == "0.2500000001"
    assert sum(Decimal(row["cost"]) for row in answer["results"]) == Decimal("0.2500000001")
    assert (answer["total"]["queries"], answer["total"]["saved"]) == (2, "-0.2300000001")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"group_by": "moon"}, "group_by"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-13-40"}, "since"),
        ({"since": "2026-11-20", "until": "2026-11-20"}, "until"),
        ({"since": "2020-01-01"}, "since"),
        ({"since": "2026-01-01", "until": "2026-06-01", "group_by": "hour"}, "since"),
    ],
)
def test_bad_questions_name_the_field(cast: Any, client_of: Any, asked: dict[str, str], field: str) -> None:
    response = client_of(cast.alice, cast.acme).get("/api/v1/billing/usage/", asked)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert list(response.json()["errors"]) == [field]


@pytest.mark.promise("BIL-2")
def test_records_show_every_attempt_of_a_query(cast: Any, client_of: Any, call: Call) -> None:
    query = uuid4()
    with tenant_context(cast.acme):
        call()
        call(query=query, outcome="failed", cost="0", error="timeout")
        call(query=query, tier="large", cost="0.02")
        metering.count("tool_call", name="open_ticket", query_id=query)
    client = client_of(cast.alice, cast.acme)
    found = client.get("/api/v1/billing/usage-records/", {"query": str(query), "kind": "model_call"}).json()["results"]
    assert [(row["attempt"], row["outcome"], row["cost"], row["answers"]) for row in found] == [
        (2, "final", "0.0200000000", True),
        (1, "failed", "0.0000000000", False),
    ]
    tools = client.get("/api/v1/billing/usage-records/", {"kind": "tool"}).json()["results"]
    assert [(row["kind"], row["name"], row["query"]) for row in tools] == [("tool_call", "open_ticket", str(query))]


@pytest.mark.parametrize(
    "asked", [{"kind": "moon"}, {"query": "7"}, {"since": "soon"}, {"tier": "huge"}, {"outcome": "good"}]
)
def test_bad_filters_are_refused(cast: Any, client_of: Any, asked: dict[str, str]) -> None:
    response = client_of(cast.alice, cast.acme).get("/api/v1/billing/usage-records/", asked)
    assert response.status_code == 400
    assert list(response.json()["errors"]) == list(asked)


def test_records_come_in_pages_without_gaps(cast: Any, client_of: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        made = {str(call(at=NOON)) for _ in range(7)}
    client, url, seen = client_of(cast.alice, cast.acme), "/api/v1/billing/usage-records/?page_size=3", []
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert (len(seen), set(seen)) == (7, made)


@pytest.mark.promise("TEN-2")
def test_the_plan_names_its_quotas_and_their_use(cast: Any, client_of: Any) -> None:
    answer = client_of(cast.alice, cast.acme).get("/api/v1/billing/plan/").json()
    assert (answer["slug"], answer["price_per_month"]) == ("professional", "449.00")
    limits = {quota["name"]: quota["limit"] for quota in answer["quotas"]}
    assert limits == {
        "agents": 50,
        "tickets_per_month": 1000,
        "requests_per_minute": 1000,
        "spend_per_month": "500",
    }


@pytest.mark.promise("TEN-4")
def test_past_the_limit_the_api_answers_429_with_the_facts(cast: Any, client_of: Any) -> None:
    with tenant_context(cast.acme):
        set_quota("requests_per_minute", Decimal(2), actor="system:tests")
    client = client_of(cast.alice, cast.acme)
    first = client.get("/api/v1/billing/quotas/")
    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("2", "1")
    client.get("/api/v1/billing/quotas/")
    refused = client.get("/api/v1/billing/quotas/")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    facts = refused.json()
    assert (facts["limit_name"], facts["limit"], facts["usage"]) == ("requests_per_minute", 2, 2)
    assert facts["resets_at"].endswith("Z")


def test_who_is_refused_for_lack_of_rights_uses_no_quota(cast: Any, key_client: Any) -> None:
    client = key_client(cast.acme, scopes=["chat"])
    assert "X-RateLimit-Limit" not in client.get("/api/v1/billing/quotas/").headers


@pytest.mark.promise("TEN-2")
def test_an_organization_carries_plan_quotas_and_live_usage(cast: Any, client_of: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        call(cost="0.5", baseline="2")
    blocks = client_of(cast.vera, cast.acme).get(f"/api/v1/organizations/{cast.acme.pk}/").json()["blocks"]
    assert blocks["plan"]["slug"] == "professional"
    assert blocks["quotas"]["tickets_per_month"]["limit"] == 1000
    assert (blocks["usage"]["queries"], blocks["usage"]["cost"]) == (1, "0.5000000000")


@pytest.mark.promise("API-3")
def test_staff_and_members_read_an_organizations_usage(cast: Any, client_of: Any, key_client: Any, call: Call) -> None:
    with tenant_context(cast.acme):
        call(cost="0.5")
    url = f"/api/v1/organizations/{cast.acme.pk}/usage/"
    for client in (client_of(cast.vera, cast.acme), client_of(cast.sam, None), key_client(cast.acme)):
        assert client.get(url).json()["usage"]["cost"] == "0.5000000000"


def test_an_organizations_usage_is_nobody_elses_business(cast: Any, client_of: Any) -> None:
    url = f"/api/v1/organizations/{cast.acme.pk}/usage/"
    assert client_of(cast.charlie, cast.meridian).get(url).status_code == 404
    assert client_of(cast.charlie, None).get(url).status_code == 403
    assert client_of(None, None).get(url).status_code == 401
