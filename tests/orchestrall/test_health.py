"""The probes and the figures: on any host, before any tenant."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from orchestrall.celery import app as celery
from tenants.redis import redis_client

NOWHERE = "unix:///nonexistent/redis.sock"


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"host": "no-such-host.example"})


@pytest.fixture
def no_redis(settings: Any) -> Iterator[None]:
    settings.REDIS_URL = NOWHERE
    redis_client.cache_clear()
    yield
    redis_client.cache_clear()


def test_livez_answers_on_any_host(visitor: Client) -> None:
    response = visitor.get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_asks_database_redis_and_broker(visitor: Client) -> None:
    response = visitor.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"] == {"database": "ok", "redis": "ok", "broker": "ok"}


@pytest.mark.django_db
def test_readyz_says_503_and_what_is_down_when_redis_is(visitor: Client, no_redis: None) -> None:
    response = visitor.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "redis": "down", "broker": "ok"}


@pytest.mark.django_db
def test_readyz_says_503_when_the_broker_is_down(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery.conf, "broker_url", "redis+socket:///nonexistent/redis.sock")
    monkeypatch.setattr(celery.conf, "broker_write_url", "redis+socket:///nonexistent/redis.sock")
    response = visitor.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == "down"


def test_readyz_says_503_when_the_database_is_down(
    visitor: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "/nonexistent")
    response = visitor.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "down"


def test_livez_does_not_depend_on_redis(visitor: Client, no_redis: None) -> None:
    assert visitor.get("/livez").status_code == 200


def test_a_probe_is_read_only(visitor: Client) -> None:
    assert visitor.post("/livez").status_code == 405


@pytest.mark.promise("OPS-3")
def test_metrics_are_shown_to_this_machine(visitor: Client) -> None:
    response = visitor.get("/metrics")
    assert response.status_code == 200
    assert b"orchestrall_queue_length" in response.content


def test_metrics_are_refused_to_other_machines(visitor: Client) -> None:
    assert visitor.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 403


def test_a_proxy_on_this_machine_does_not_open_the_metrics(visitor: Client) -> None:
    assert visitor.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 403


@pytest.mark.parametrize(("given", "status"), [("Bearer right-token", 200), ("Bearer wrong-token", 403), ("", 403)])
def test_a_token_opens_the_metrics_to_other_machines(visitor: Client, settings: Any, given: str, status: int) -> None:
    settings.METRICS_TOKEN = "right-token"
    response = visitor.get("/metrics", headers={"authorization": given}, REMOTE_ADDR="203.0.113.7")
    assert response.status_code == status


@pytest.mark.promise("TEN-3")
@pytest.mark.django_db
def test_requests_are_counted_by_route_and_never_by_tenant(client_of: Any, cast: Any) -> None:
    client_of(cast.alice, cast.acme).get("/accounts/login/")
    text = Client().get("/metrics").content.decode()
    assert 'orchestrall_http_requests_total{method="GET",route="accounts/login/"' in text
    assert str(cast.acme.id) not in text
    assert cast.acme.slug not in text


@pytest.mark.django_db
def test_metrics_do_not_grow_with_what_visitors_type(client_of: Any, cast: Any) -> None:
    client_of(None, cast.acme).get("/made-up/by/a/visitor/")
    assert "made-up" not in Client().get("/metrics").content.decode()
