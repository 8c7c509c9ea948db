"""Clients of the Redis server that holds limits, streams and locks, and the one builder of tenant keys."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings

from tenants.context import current_tenant

_async_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = WeakKeyDictionary()


@lru_cache(maxsize=1)
def redis_client() -> redis.Redis:
    """The synchronous client of this process; thread-safe, pooled, answers bytes."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2, max_connections=100)


def async_redis() -> redis.asyncio.Redis:
    """The client of the running event loop. Blocking reads (XREAD BLOCK) must stay below 5 seconds."""
    loop = asyncio.get_running_loop()
    client = _async_clients.get(loop)
    if client is None:
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_timeout=10, socket_connect_timeout=2, max_connections=200
        )
        _async_clients[loop] = client
    return client


def tenant_key(*parts: object) -> str:
    """`t:<tenant id>:part:part…`. Raises NoTenantContext without a tenant."""
    return ":".join(["t", str(current_tenant().id), *map(str, parts)])
