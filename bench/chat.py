"""Chat over sockets: how long from the question to the first token, and whether every frame arrives once."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from bench.figures import Figure
from bench.percentiles import percentile
from bench.stack import Stack

QUESTIONS = ("Hi", "What is a VPN?", "Thanks", "What are your opening hours?", "Is there anything urgent today?")
ONE_USER_QUESTIONS = 60
USERS = 50
TALK_S = 15.0
READING_S = (1.0, 3.0)
BURSTS = 4


@dataclass(slots=True)
class Heard:
    """What the clients saw: milliseconds to the first token, and frames that were missing or came twice."""

    first_token_ms: list[float] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    failed: int = 0


class Talker:
    """One socket with one conversation."""

    def __init__(self, socket: ClientConnection, heard: Heard) -> None:
        self._socket, self._heard = socket, heard
        self._conversation: str | None = None
        self._frame = 0

    async def ask(self, text: str) -> None:
        """Send a question and read to the end of its answer."""
        frame: dict[str, Any] = {"type": "ask", "text": text}
        if self._conversation is not None:
            frame["conversation"] = self._conversation
        began, first, pieces = time.perf_counter(), 0.0, []
        await self._socket.send(json.dumps(frame))
        while True:
            frame = json.loads(await self._socket.recv())
            kind = frame["type"]
            if kind == "accepted":
                self._conversation = frame["conversation"]
            self._count(frame.get("frame"))
            if kind == "delta":
                first = first or time.perf_counter()
                pieces.append(frame["text"])
            elif kind in ("answered", "error", "stopped"):
                break
        if kind != "answered" or not first or "".join(pieces) != frame["text"]:
            self._heard.failed += 1
        else:
            self._heard.first_token_ms.append((first - began) * 1000)
        await self._socket.send(json.dumps({"type": "ack", "frame": self._frame}))

    def _count(self, number: int | None) -> None:
        if number is None:
            return
        self._heard.doubled += number <= self._frame
        self._heard.lost += max(0, number - self._frame - 1)
        self._frame = max(self._frame, number)


@asynccontextmanager
async def talkers(url: str, key: str, count: int, heard: Heard) -> AsyncIterator[list[Talker]]:
    """Open sockets with the front desk, and have each conversation begun."""
    address = url.replace("http", "ws", 1) + "/ws/chat/"
    headers = {"Authorization": f"Bearer {key}"}
    sockets: list[ClientConnection] = []
    try:
        for _ in range(count):
            sockets.append(await connect(address, additional_headers=headers, compression=None))
            await sockets[-1].recv()
        made = [Talker(socket, heard) for socket in sockets]
        for talker in made:
            await talker.ask("Hi")
        heard.first_token_ms.clear()
        yield made
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))


async def one_user(url: str, key: str) -> Heard:
    """One person who asks again as soon as the answer is there."""
    heard = Heard()
    async with talkers(url, key, 1, heard) as (talker,):
        for number in range(ONE_USER_QUESTIONS):
            await talker.ask(QUESTIONS[number % len(QUESTIONS)])
    return heard


async def many_users(url: str, key: str, users: int = USERS, seconds: float = TALK_S) -> Heard:
    """Many people who each read an answer for a moment before they ask again."""
    heard, dice = Heard(), random.Random(7)
    async with talkers(url, key, users, heard) as made:
        end = time.perf_counter() + seconds

        async def talk(talker: Talker) -> None:
            await asyncio.sleep(dice.uniform(0, READING_S[1]))
            while time.perf_counter() < end:
                await talker.ask(dice.choice(QUESTIONS))
                await asyncio.sleep(dice.uniform(*READING_S))

        await asyncio.gather(*map(talk, made))
    return heard


async def burst(url: str, key: str, users: int = USERS) -> Heard:
    """Many people who all send in the same moment."""
    heard = Heard()
    async with talkers(url, key, users, heard) as made:
        for number in range(BURSTS):
            await asyncio.gather(*(talker.ask(QUESTIONS[number % len(QUESTIONS)]) for talker in made))
    return heard


async def provider_first_token_ms(demo_url: str, samples: int = 30) -> float:
    """The demo provider's own time to the first token: median, one call at a time."""
    body = {"model": "llama-3.2-3b", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    took = []
    async with aiohttp.ClientSession() as session:
        for _ in range(samples):
            began = time.perf_counter()
            async with session.post(f"{demo_url}/v1/chat/completions", json=body) as response:
                async for line in response.content:
                    if b'"content":"' in line and b'"content":""' not in line:
                        took.append((time.perf_counter() - began) * 1000)
                        break
    return percentile(took, 50)


async def measure(stack: Stack, key: str) -> list[Figure]:
    """Return the figures; the provider's own time is taken off each."""
    url = stack.url
    own = await provider_first_token_ms(stack.demo_url)
    one, many = await one_user(url, key), await many_users(url, key)
    before = stack.cpu_s()
    together = await burst(url, key)
    cpu_ms = (stack.cpu_s() - before) * 1000 / (USERS * (BURSTS + 1))
    figures = [Figure("provider_first_token_p50", own, "ms")]
    for name, heard in (("1_user", one), ("50_users", many), ("50_in_the_same_moment", together)):
        for percent in (50, 95):
            value = percentile(heard.first_token_ms, percent) - own
            figures.append(Figure(f"chat_first_token_p{percent}_{name}", value, "ms"))
    all_heard = (one, many, together)
    figures.append(Figure("chat_answers", sum(len(each.first_token_ms) for each in all_heard), "answers"))
    figures.append(Figure("chat_frames_lost", sum(each.lost for each in all_heard), "frames"))
    figures.append(Figure("chat_frames_doubled", sum(each.doubled for each in all_heard), "frames"))
    figures.append(Figure("chat_answers_failed", sum(each.failed for each in all_heard), "answers"))
    figures.append(Figure("chat_cpu_an_answer", cpu_ms, "ms"))
    return figures
