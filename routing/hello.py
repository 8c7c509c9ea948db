"""One short call to a model, to see whether it answers. Nobody is charged for it, so no record is written."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings

from routing.failover import ProviderFailure
from routing.providers.catalogue import ModelOption
from routing.providers.clients import close_clients
from routing.upstream import ask

WORDS = "Say hello in five words."


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came back, or what went wrong."""

    is_answered: bool
    words: str
    latency_ms: int


async def say_hello(option: ModelOption) -> Greeting:
    """Ask the model for a greeting, past all breakers."""
    started = time.perf_counter()
    request = {"messages": [{"role": "user", "content": WORDS}], "max_tokens": 30}
    try:
        async with asyncio.timeout(settings.MODEL_FIRST_TOKEN_TIMEOUT_S):
            async with aclosing(ask(option, request, stream=False, correlation_id=str(uuid4()))) as deltas:
                text = "".join([delta.text async for delta in deltas])
        return Greeting(True, text or "answered nothing", _since(started))
    except ProviderFailure as failure:
        return Greeting(False, failure.words, _since(started))
    except TimeoutError:
        return Greeting(False, "no answer in time", _since(started))
    finally:
        # The loop of a synchronous caller ends with this call, and its clients with it.
        await close_clients()


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
