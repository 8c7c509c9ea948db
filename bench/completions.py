"""`/v1/chat/completions` without streaming: requests per second how long they take, and the same at the provider."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import aiohttp

from bench.figures import Figure
from bench.percentiles import percentile
from bench.stack import Stack

IN_FLIGHT = (1, 16, 64)
SECONDS = 6.0
BODY: dict[str, Any] = {"model": "small", "messages": [{"role": "user", "content": "What is a VPN?"}]}


async def load(
    url: str, in_flight: int, body: dict[str, Any], headers: dict[str, str], seconds: float
) -> tuple[list[float], int]:
    """Keep that many requests in flight, after a second to warm up. Raises when one is refused.

    Returns how long each took in ms, and how many there were with those of the first second.
    """
    took: list[float] = []
    statuses: Counter[int] = Counter()
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(end: float) -> None:
            while (began := time.perf_counter()) < end:
                async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                    await response.read()
                    statuses[response.status] += 1
                took.append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(ask(time.perf_counter() + 1) for _ in range(in_flight)))
        took.clear()
        await asyncio.gather(*(ask(time.perf_counter() + seconds) for _ in range(in_flight)))
    if set(statuses) != {200}:
        raise RuntimeError(f"Requests were refused: {dict(statuses)}")
    return took, statuses[200]


async def measure(stack: Stack, key: str) -> list[Figure]:
    """Return the figures of both ends, for each number in flight, and the processor time of a request."""
    ours = {"Authorization": f"Bearer {key}"}
    figures = []
    for name, address, headers, body in (
        ("completions", stack.url, ours, BODY),
        ("provider", stack.demo_url, {}, {**BODY, "model": "llama-3.2-3b"}),
    ):
        for in_flight in IN_FLIGHT:
            before = stack.cpu_s()
            took, asked = await load(address, in_flight, body, headers, SECONDS)
            cpu_ms = (stack.cpu_s() - before) * 1000 / asked
            figures.append(Figure(f"{name}_{in_flight}_in_flight", len(took) / SECONDS, "requests/s"))
            for percent in (50, 95, 99):
                value = percentile(took, percent)
                figures.append(Figure(f"{name}_{in_flight}_in_flight_p{percent}", value, "ms"))
            figures.append(Figure(f"{name}_{in_flight}_in_flight_cpu", cpu_ms, "ms a request"))
    return figures
