"""Jobs of the house itself: carrying what the clock starts to every organization."""

import time

from celery import current_app, shared_task

from tenants.redis import redis_client
from tenants.tasks import for_each_tenant


@shared_task
def start_once(task: str, window_s: int) -> bool:
    """Queue `task` (a dotted name), once per window of `window_s` seconds; returns whether it was queued."""
    if not claim_window(task, window_s):
        return False
    current_app.send_task(task)
    return True


@shared_task(platform=True)
def start_for_each_tenant(task: str, window_s: int) -> int:
    """Queue `task` (a dotted name) once for each active organization; returns for how many.

    Once per window of `window_s` seconds: two beats, or a redelivery, start nothing twice.
    """
    if not claim_window(task, window_s):
        return 0
    return for_each_tenant(current_app.tasks[task])


def claim_window(name: str, window_s: int) -> bool:
    """Whether the caller is the first to ask for `name` in the current window of `window_s` seconds."""
    window = int(time.time()) // window_s
    return bool(redis_client().set(f"window:{name}:{window}", 1, nx=True, ex=2 * window_s))
