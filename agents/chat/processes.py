"""Which processes run turns, whether they live, and a letter box for each.

These keys belong to processes and carry no tenant's data beyond the id of a turn to stop.
"""

from __future__ import annotations

from functools import lru_cache
from uuid import uuid4

from tenants.redis import async_redis, redis_client

ALIVE_S = 15
BEAT_S = 5.0
INBOX_LENGTH = 1_000


@lru_cache(maxsize=1)
def process_id() -> str:
    """The name of this process, new at each start."""
    return uuid4().hex


def _alive_key(owner: str) -> str:
    return f"process:{owner}:alive"


def inbox_key(owner: str) -> str:
    return f"process:{owner}:inbox"


async def beat() -> None:
    """Say that this process lives; to be repeated every 5 seconds while it runs turns."""
    pipeline = async_redis().pipeline(transaction=False)
    pipeline.set(_alive_key(process_id()), 1, ex=ALIVE_S)
    pipeline.expire(inbox_key(process_id()), ALIVE_S * 4)
    await pipeline.execute()


def is_alive(owner: str) -> bool:
    """Whether the process has said so within the last 15 seconds."""
    return owner == process_id() or bool(redis_client().exists(_alive_key(owner)))


async def send_letter(owner: str, **fields: str) -> None:
    """Put a letter into a process's box; a box that nobody empties goes after a minute."""
    pipeline = async_redis().pipeline(transaction=False)
    pipeline.xadd(inbox_key(owner), fields or {"ring": "1"}, maxlen=INBOX_LENGTH)  # type: ignore[arg-type]
    pipeline.expire(inbox_key(owner), ALIVE_S * 4)
    await pipeline.execute()
