"""The rate limit: requests of one key or person in any 60 seconds, counted in Redis.

A hash a subject holds how many requests each second saw; the script drops the seconds that have left the window, adds
up the rest and counts the request when there is room. One script is one step: parallel requests cannot slip through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import redis
from django.utils import timezone

from billing.exceptions import LimitsUnavailable, QuotaExceeded
from billing.limits import QUOTAS, copy_key, copy_limits
from billing.metrics import QUOTA_REFUSALS
from tenants.exceptions import TenantSuspended
from tenants.redis import redis_client, tenant_key

WINDOW_S = 60
UNKNOWN, NOT_ACTIVE = -1, -2

# KEYS: the copy of the limits, the subject's window. ARGV: the window in seconds. Returns the verdict (1 admitted,
# 0 refused, or one of the two above), limit (-1: unlimited), use, second at which room appears, and the plan's name.
# The clock is Redis's own: one for all processes and machines.
SCRIPT = """
local facts = redis.call('HMGET', KEYS[1], 'status', 'requests_per_minute', 'plan')
if not facts[1] then return {-1, 0, 0, 0, ''} end
if facts[1] ~= 'active' then return {-2, 0, 0, 0, facts[1]} end
local now, window = tonumber(redis.call('TIME')[1]), tonumber(ARGV[1])
local buckets, used, oldest = redis.call('HGETALL', KEYS[2]), 0, now
for i = 1, #buckets, 2 do
  local second = tonumber(buckets[i])
  if second < now - window then
    redis.call('HDEL', KEYS[2], buckets[i])
  else
    used = used + tonumber(buckets[i + 1])
    if second < oldest then oldest = second end
  end
end
local room_at = oldest + window + 1
local limit = -1
if facts[2] ~= 'unlimited' then limit = math.floor(tonumber(facts[2])) end
if limit >= 0 and used >= limit then return {0, limit, used, room_at, facts[3]} end
redis.call('HINCRBY', KEYS[2], string.format('%d', now), 1)
redis.call('EXPIRE', KEYS[2], window + 2)
return {1, limit, used + 1, room_at, facts[3]}
"""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Where a subject stands. `limit` and `remaining` are None when the plan sets no limit."""

    limit: int | None
    remaining: int | None
    reset_at: datetime

    def headers(self) -> dict[str, str]:
        """`X-RateLimit-*` headers; the reset is in seconds from now. Empty without a limit."""
        if self.limit is None:
            return {}
        seconds = max(0, round((self.reset_at - timezone.now()).total_seconds()))
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(seconds),
        }


def admit_request(subject: str) -> RateLimit:
    """Count one request of `subject` (`person:UUID` or `key:UUID`) in the current tenant.

    Raises QuotaExceeded past the plan's requests a minute, TenantSuspended when the organization may not work, and
    LimitsUnavailable (503) when Redis cannot be reached: without a count nobody is let through.
    """
    try:
        verdict, limit, use, room_at, plan = _ask(subject)
    except redis.RedisError as error:
        raise LimitsUnavailable("The request limit cannot be checked. Nothing was done; try again shortly.") from error
    reset_at = datetime.fromtimestamp(room_at, UTC)
    if verdict == 1:
        return RateLimit(None if limit < 0 else limit, None if limit < 0 else limit - use, reset_at)
    QUOTA_REFUSALS.labels("requests_per_minute").inc()
    quota = QUOTAS["requests_per_minute"]
    raise QuotaExceeded(quota, limit=Decimal(limit), usage=Decimal(use), resets_at=reset_at, plan=plan)


def window_key(subject: str) -> str:
    return tenant_key("requests", subject)


def window_use(subject: str) -> int:
    """How many requests of `subject` the last minute saw, for display; 0 when Redis cannot be reached."""
    since = timezone.now() - timedelta(seconds=WINDOW_S)
    try:
        buckets = redis_client().hgetall(window_key(subject))
    except redis.RedisError:
        return 0
    return sum(int(count) for second, count in buckets.items() if int(second) >= since.timestamp())


@lru_cache(maxsize=1)
def _script() -> redis.commands.core.Script:
    return redis_client().register_script(SCRIPT)


def _ask(subject: str) -> tuple[int, int, int, int, str]:
    keys = [copy_key(), window_key(subject)]
    answer = _script()(keys=keys, args=[WINDOW_S])
    if answer[0] == UNKNOWN:
        copy_limits()
        answer = _script()(keys=keys, args=[WINDOW_S])
    verdict, limit, use, room_at, words = answer
    if verdict == NOT_ACTIVE:
        raise TenantSuspended("This organization is suspended. Its owner or platform staff know why.")
    if verdict == UNKNOWN:
        raise LimitsUnavailable("The request limit cannot be checked. Nothing was done; try again shortly.")
    return verdict, limit, use, room_at, words.decode()
