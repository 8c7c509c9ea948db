"""How providers have been doing lately, and circuit breakers; both in Redis, so that all processes share them.

Kept per provider, model and key (`ModelOption.health_key`). A breaker opens after several failures in a row, or when
half of a minute's calls fail; then one caller at a time may look whether the provider is back. Errors that callers
make themselves count for nothing. Where Redis cannot be reached, every provider is taken for healthy: a breaker saves
time, and nobody should wait for an answer because of it.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import redis
from django.conf import settings

from routing.providers.catalogue import ModelOption
from tenants.redis import async_redis, redis_client

logger = logging.getLogger(__name__)

OPEN_AFTER = 5
"""Failures in a row that open a breaker."""
COOL_DOWN_MS = 5_000
LONGEST_COOL_DOWN_MS = 120_000
KEPT_S = 900
MINUTES = 5
"""Latency and errors are shown over this many minutes."""

# KEYS[1]: the model's hash. ARGV: now, how long the look may take, 1 to look although the breaker rests.
# Answers 1: go, 2: go and see whether it is back, 0: stay away. Only one at a time may see.
MAY_TRY = """
local open_until = redis.call('HGET', KEYS[1], 'open_until')
if not open_until then return 1 end
local now = tonumber(ARGV[1])
if tonumber(redis.call('HGET', KEYS[1], 'probe_until') or 0) > now then return 0 end
if tonumber(open_until) > now and ARGV[3] ~= '1' then return 0 end
redis.call('HSET', KEYS[1], 'probe_until', now + tonumber(ARGV[2]))
return 2
"""

# KEYS[1]: the model's hash. ARGV: now, minute, failed (1 or 0), latency in ms, failures that open it, cool-down,
# longest cool-down, seconds to keep, throttled until. A failure while the breaker is open counts only when it was
# the look that was allowed.
NOTE = """
local now, minute = tonumber(ARGV[1]), ARGV[2]
local calls = redis.call('HINCRBY', KEYS[1], minute .. ':calls', 1)
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[8]))
if tonumber(ARGV[9]) > now then redis.call('HSET', KEYS[1], 'throttled_until', ARGV[9]) end
if ARGV[3] == '0' then
  redis.call('HINCRBY', KEYS[1], minute .. ':ms', ARGV[4])
  redis.call('HDEL', KEYS[1], 'streak', 'opens', 'open_until', 'probe_until', 'throttled_until')
  return 0
end
local errors = redis.call('HINCRBY', KEYS[1], minute .. ':errors', 1)
if ARGV[3] == '2' then redis.call('HDEL', KEYS[1], 'probe_until') return 0 end
local streak = redis.call('HINCRBY', KEYS[1], 'streak', 1)
local open_until = redis.call('HGET', KEYS[1], 'open_until')
local looked = redis.call('HDEL', KEYS[1], 'probe_until') == 1
local failing = streak >= tonumber(ARGV[5]) or (errors >= 10 and errors * 2 >= calls)
if (open_until and looked) or (not open_until and failing) then
  local opens = redis.call('HINCRBY', KEYS[1], 'opens', 1)
  local pause = math.min(tonumber(ARGV[6]) * 2 ^ (opens - 1), tonumber(ARGV[7]))
  redis.call('HSET', KEYS[1], 'open_until', string.format('%.0f', now + pause))
  return 1
end
return 0
"""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """A model's last minutes. `state` is closed (all is well), open (stay away) or trying."""

    name: str
    state: str
    calls: int
    errors: int
    mean_latency_ms: float | None
    open_until: float | None

    @property
    def error_rate(self) -> float:
        return self.errors / self.calls if self.calls else 0.0


def _key(option: ModelOption) -> str:
    return f"routing:health:{option.health_key}"


def _now_ms() -> int:
    return int(time.time() * 1000)


async def unhealthy(options: Sequence[ModelOption]) -> dict[str, str]:
    """Return why to avoid which models, by `health_key`. One round trip."""
    try:
        pipeline = async_redis().pipeline(transaction=False)
        for option in options:
            pipeline.hmget(_key(option), "open_until", "throttled_until")
        return _reasons(options, await pipeline.execute())
    except redis.RedisError:
        logger.warning("Health of providers cannot be read; all are taken for healthy.", exc_info=True)
        return {}


def unhealthy_sync(options: Sequence[ModelOption]) -> dict[str, str]:
    """The same as `unhealthy`, for synchronous code."""
    try:
        pipeline = redis_client().pipeline(transaction=False)
        for option in options:
            pipeline.hmget(_key(option), "open_until", "throttled_until")
        return _reasons(options, pipeline.execute())
    except redis.RedisError:
        logger.warning("Health of providers cannot be read; all are taken for healthy.", exc_info=True)
        return {}


def _reasons(options: Sequence[ModelOption], answers: Iterable[Sequence[bytes | None]]) -> dict[str, str]:
    now = _now_ms()
    found = {}
    for option, (open_until, throttled_until) in zip(options, answers, strict=True):
        # An open breaker keeps its model at the end of the chain until a call has succeeded, not just until it rested.
        if open_until is not None:
            found[option.health_key] = "it has failed too often just now"
        elif throttled_until is not None and int(throttled_until) > now:
            found[option.health_key] = "it is at its rate limit"
    return found


async def may_try(option: ModelOption, *, anyway: bool = False) -> bool:
    """Whether a call may be sent. With an open breaker one caller at a time may; `anyway` skips its rest."""
    look_ms = int(settings.MODEL_FIRST_TOKEN_TIMEOUT_S * 1000)
    try:
        answer = await async_redis().eval(MAY_TRY, 1, _key(option), _now_ms(), look_ms, int(anyway))
    except redis.RedisError:
        return True
    return bool(answer)


async def note_success(option: ModelOption, latency_ms: int) -> None:
    """Count a call that was answered; an open breaker closes."""
    await _note(option, "0", latency_ms)


async def note_failure(option: ModelOption, *, opens_breaker: bool, retry_after_s: float | None = None) -> None:
    """Count a call that failed. One that says nothing about the provider's health only gives the look back."""
    await _note(option, "1" if opens_breaker else "2", 0, retry_after_s or 0.0)


async def give_back(option: ModelOption) -> None:
    """Let somebody else look: the caller has gone before anything was learnt."""
    try:
        await async_redis().hdel(_key(option), "probe_until")
    except redis.RedisError:
        logger.warning("A look at %s could not be given back.", option.name)


async def _note(option: ModelOption, verdict: str, latency_ms: int, retry_after_s: float = 0.0) -> None:
    now = _now_ms()
    throttled_until = now + int(retry_after_s * 1000)
    arguments = [now, now // 60_000, verdict, latency_ms, OPEN_AFTER, COOL_DOWN_MS, LONGEST_COOL_DOWN_MS, KEPT_S]
    try:
        await async_redis().eval(NOTE, 1, _key(option), *map(str, arguments), str(throttled_until))
    except redis.RedisError:
        logger.warning("What happened at %s could not be noted.", option.name, exc_info=True)


def overview(options: Sequence[ModelOption]) -> list[ModelHealth]:
    """Return the health of models over the last minutes, for people. Raises RedisError."""
    pipeline = redis_client().pipeline(transaction=False)
    for option in options:
        pipeline.hgetall(_key(option))
    return [_health(option, fields) for option, fields in zip(options, pipeline.execute(), strict=True)]


def _health(option: ModelOption, fields: dict[bytes, bytes]) -> ModelHealth:
    now = _now_ms()
    values = {name.decode(): int(value) for name, value in fields.items()}
    minutes = [now // 60_000 - back for back in range(MINUTES)]
    calls, errors, spent = (sum(values.get(f"{m}:{what}", 0) for m in minutes) for what in ("calls", "errors", "ms"))
    open_until = values.get("open_until")
    state = "closed" if open_until is None else "open" if open_until > now else "trying"
    return ModelHealth(
        name=option.name,
        state=state,
        calls=calls,
        errors=errors,
        mean_latency_ms=spent / (calls - errors) if calls > errors else None,
        open_until=open_until / 1000 if open_until else None,
    )
