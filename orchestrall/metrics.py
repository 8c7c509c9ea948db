"""Prometheus figures of HTTP, and the page that shows all figures.

Figures stand where they are measured (`routing`, `billing`, …); prometheus_client's registry brings them together. With
`PROMETHEUS_MULTIPROC_DIR`, which `make run` sets, the page adds up all processes on this machine; without it, it shows
the process that answers. No figure is labelled with a tenant.
"""

import os
from collections.abc import Iterator

from celery import current_app
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from orchestrall.celery import KEY_PREFIX
from tenants.redis import redis_client

REQUESTS = Counter("orchestrall_http_requests", "HTTP requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "orchestrall_http_request_seconds",
    "Time until the response's head was ready.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request. `route` is a pattern from the URL table, never a path: labels must stay few."""
    REQUESTS.labels(method if method in METHODS else "other", route, str(status)).inc()
    LATENCY.labels(route).observe(seconds)


class QueueLength(Collector):
    """How many jobs wait, asked from the broker when the page is read."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figure."""
        queue = current_app.conf.task_default_queue
        waiting = redis_client().llen(KEY_PREFIX + queue)
        family = GaugeMetricFamily("orchestrall_queue_length", "Jobs waiting for a worker.", labels=["queue"])
        family.add_metric([queue], float(waiting))
        yield family


def render() -> bytes:
    """Return all figures in Prometheus' text format."""
    return b"".join(generate_latest(registry) for registry in (_measured(), _asked()))


def _measured() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


def _asked() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(QueueLength())
    return registry
