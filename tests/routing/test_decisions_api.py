"""REST: what would be chosen, what was chosen, what it came to."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.models import UsageRecord
from routing.models import RoutingDecision
from routing.providers.catalogue import forget_catalogue
from routing.providers.discovery import sync_providers
from tenants.context import platform_context, tenant_context

pytestmark = pytest.mark.promise("RTE-8")

JSON = "application/json"


@pytest.fixture(autouse=True)
def demo_models(db: None, settings: Any) -> Iterator[None]:
    settings.DEMO_PROVIDER_URL = "http://127.0.0.1:9/v1"
    settings.PROVIDER_ENVIRONMENT = {}
    with platform_context():
        sync_providers()
    yield
    forget_catalogue()


def decide(client: Any, **body: Any) -> Any:
    return client.post("/api/v1/routing/decide/", body, content_type=JSON)


def test_decide_tells_model_reasons_and_cost_and_calls_nobody(client_of: Any, cast: Any) -> None:
    response = decide(client_of(cast.bob, cast.acme), text="Hi")
    assert response.status_code == 200
    body = response.json()
    assert body["tier"] == "small"
    assert body["industry"] == "technology"
    assert body["chain"][0] == f"{body['provider']}/{body['model']}"
    assert body["reasons"]
    assert "demo prices" in body["price"]
    assert Decimal(body["estimate"]["baseline_cost"]) > Decimal(body["estimate"]["cost"]) > 0
    with tenant_context(cast.acme):
        assert not UsageRecord.objects.exists()
        assert not RoutingDecision.objects.exists()


def test_decide_takes_a_tier_and_an_industry(client_of: Any, cast: Any) -> None:
    body = decide(client_of(cast.bob, cast.acme), text="Hi", model="large", industry="finance").json()
    assert (body["model"], body["industry"]) == ("gpt-4o", "finance")
    assert Decimal(body["estimate"]["saved"]) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"text": "Hi", "industry": "piracy"}, 400), ({"text": "Hi", "model": "gpt-99"}, 404)],
)
def test_decide_refuses_what_it_does_not_know(client_of: Any, cast: Any, body: dict[str, str], status: int) -> None:
    response = decide(client_of(cast.bob, cast.acme), **body)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


def test_a_viewer_may_read_but_not_ask(client_of: Any, cast: Any) -> None:
    client = client_of(cast.vera, cast.acme)
    assert decide(client, text="Hi").status_code == 403
    assert client.get("/api/v1/routing/stats/").status_code == 200


def make_decision(**changes: Any) -> RoutingDecision:
    facts: dict[str, Any] = {
        "query_id": uuid4(),
        "requested": "auto",
        "industry": "technology",
        "score": 0.2,
        "threshold": 0.5,
        "tier": "small",
        "model": "llama-3.2-3b",
        "provider": "demo",
        "outcome": "answered",
        "actor": "system:tests",
        "cost": Decimal("0.001"),
        "baseline_cost": Decimal("0.01"),
        "latency_ms": 100,
        "first_token_ms": 10,
    }
    return RoutingDecision.objects.create(**{**facts, **changes})


def test_statistics_sum_up_by_tier_and_model(client_of: Any, cast: Any) -> None:
    with tenant_context(cast.acme):
        query = uuid4()
        make_decision(query_id=query)
        make_decision(query_id=query, tier="large", model="gpt-4o", cost=Decimal("0.01"), attempts=2)
        make_decision()
        make_decision(at=timezone.now() - timedelta(days=40))
    with tenant_context(cast.meridian):
        make_decision(cost=Decimal(99))
    body = client_of(cast.vera, cast.acme).get("/api/v1/routing/stats/?period=month").json()
    total = body["total"]
    assert (total["decisions"], total["queries"], total["failovers"]) == (3, 2, 1)
    assert Decimal(total["cost"]) == Decimal("0.012")
    assert Decimal(total["saved"]) == Decimal("0.018")
    assert body["small_share"] == pytest.approx(2 / 3)
    assert {row["model"]: row["figures"]["decisions"] for row in body["models"]} == {"gpt-4o": 1, "llama-3.2-3b": 2}


def test_statistics_of_nothing_are_zeroes(client_of: Any, cast: Any) -> None:
    body = client_of(cast.vera, cast.acme).get("/api/v1/routing/stats/").json()
    assert body["total"]["decisions"] == 0
    assert body["small_share"] is None


@pytest.mark.parametrize(
    "query", ["period=eon", "since=yesterday", "since=2026-01-02&until=2026-01-01", "until=0001-01-01"]
)
def test_a_period_that_is_none_is_refused(client_of: Any, cast: Any, query: str) -> None:
    assert client_of(cast.vera, cast.acme).get(f"/api/v1/routing/stats/?{query}").status_code == 400


@pytest.mark.promise("TEN-3")
def test_decisions_are_listed_and_filtered_within_the_tenant(client_of: Any, cast: Any) -> None:
    with tenant_context(cast.acme):
        mine = make_decision(tier="large")
        make_decision()
    with tenant_context(cast.meridian):
        foreign = make_decision(tier="large")
    client = client_of(cast.vera, cast.acme)
    (listed,) = client.get("/api/v1/routing/decisions/?tier=large").json()["results"]
    assert listed["id"] == str(mine.public_id)
    assert client.get(f"/api/v1/routing/decisions/{mine.public_id}/").status_code == 200
    assert client.get(f"/api/v1/routing/decisions/{foreign.public_id}/").status_code == 404
