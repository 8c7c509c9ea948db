"""One pooled client per event loop and endpoint. The router is the only retry loop, so the SDK's own is off."""

import asyncio
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings
from openai import AsyncOpenAI, DefaultAioHttpClient

from routing.providers.base import Endpoint

CONNECTIONS = 1000
KEEP_ALIVE_S = 30.0

_clients: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Endpoint, AsyncOpenAI]]" = WeakKeyDictionary()


def client_for(endpoint: Endpoint) -> AsyncOpenAI:
    """Return the client of the running loop for an endpoint. It is shared: never close it."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if endpoint not in clients:
        clients[endpoint] = _make_client(endpoint)
    return clients[endpoint]


async def close_clients() -> None:
    """Close the clients of the running loop, at its end."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


def _make_client(endpoint: Endpoint) -> AsyncOpenAI:
    # The read timeout is the total one: the gateway watches the first token and the whole answer itself.
    timeout = httpx2.Timeout(settings.MODEL_TOTAL_TIMEOUT_S, connect=settings.MODEL_CONNECT_TIMEOUT_S)
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=None, keepalive_expiry=KEEP_ALIVE_S)
    return AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        default_headers=dict(endpoint.headers),
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAioHttpClient(timeout=timeout, limits=limits),
    )
