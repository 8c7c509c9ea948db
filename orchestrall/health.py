"""`/livez`, `/readyz` and `/metrics`: answered on any host, before anybody asks for a tenant."""

import hmac
import ipaddress
import logging
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from orchestrall import metrics
from orchestrall.celery import app as celery
from tenants.redis import redis_client

logger = logging.getLogger(__name__)

PATIENCE_S = 2
PATHS = frozenset({"/livez", "/readyz", "/metrics"})


class HealthMiddleware:
    """Answers the three paths itself and hands everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer or hand on."""
        if request.path not in PATHS:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        answer = {"/livez": _live, "/readyz": _ready, "/metrics": _metrics}[request.path](request)
        answer["Cache-Control"] = "no-store"
        return answer


def _live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def _ready(request: HttpRequest) -> HttpResponse:
    """200 when all that a request needs answers, else 503. The reasons are in the log, not on the page."""
    checks = {name: _passes(check) for name, check in CHECKS.items()}
    ready = all(checks.values())
    states = {name: "ok" if passed else "down" for name, passed in checks.items()}
    return JsonResponse({"status": "ok" if ready else "down", "checks": states}, status=200 if ready else 503)


def _metrics(request: HttpRequest) -> HttpResponse:
    if not _may_see_metrics(request):
        return HttpResponse("Metrics are for this machine, or for a bearer of METRICS_TOKEN.\n", status=403)
    return HttpResponse(metrics.render(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_see_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
            return True
    # Behind a proxy on this machine every visitor comes from the loopback address; the proxy leaves its mark.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception as error:  # whatever it is, the answer is 503
        logger.warning("Not ready: %s: %s", check.__name__.strip("_"), error)
        return False
    return True


def _database() -> None:
    # A connection of its own: the pool's may be all in use, and waiting for one takes longer than a probe waits.
    database = settings.DATABASES["default"]
    with psycopg.connect(
        dbname=database["NAME"],
        host=database["HOST"],
        port=database["PORT"] or None,
        user=database["USER"],
        password=database["PASSWORD"],
        connect_timeout=PATIENCE_S,
    ) as connection:
        connection.execute("SELECT 1")


def _redis() -> None:
    redis_client().ping()


def _broker() -> None:
    with celery.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=PATIENCE_S)


CHECKS: dict[str, Callable[[], object]] = {"database": _database, "redis": _redis, "broker": _broker}
