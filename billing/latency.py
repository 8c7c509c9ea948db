"""Latencies as counts in fixed buckets: they add up over hours and agents, and a percentile can be read from the sum.

Bounds grow by a third of an octave from 10 ms to about a minute, so that a percentile read inside a bucket is off by a
few percent. Changing the bounds means rebuilding the rollups.
"""

from __future__ import annotations

from collections.abc import Sequence

BOUNDS_MS = [round(10 * 2 ** (step / 3)) for step in range(39)]
BUCKETS = len(BOUNDS_MS) + 1


def percentile_ms(counts: Sequence[int], share: float) -> int | None:
    """The latency below which `share` (0 to 1) of the counted calls stayed, in milliseconds; None without calls."""
    total = sum(counts)
    if not total:
        return None
    wanted, seen = share * total, 0
    for bucket, count in enumerate(counts):
        if count and seen + count >= wanted:
            low = BOUNDS_MS[bucket - 1] if bucket else 0
            high = BOUNDS_MS[min(bucket, len(BOUNDS_MS) - 1)]
            return round(low + (high - low) * (wanted - seen) / count)
        seen += count
    return BOUNDS_MS[-1]
