"""Answers under way when the process is told to stop: they end, and are settled, before it goes.

Daphne knows no lifespan events. On SIGTERM it cancels its requests and stops the reactor as soon as they are gone,
which leaves no time for their transactions; so the reactor is asked to wait. Under any other server the signal handler
that is there is called after ours.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

from routing.exceptions import ShuttingDown

if TYPE_CHECKING:
    from routing.gateway import Answer

logger = logging.getLogger(__name__)

GRACE_S = 4.0
"""The supervisor gives 5 s; what is not settled by then is closed as estimated by the sweeper."""
LOOK_AGAIN_S = 0.02

_open: dict[UUID, "Answer"] = {}
_is_stopping = False
_hooked: set[int] = set()


def watch(answer: "Answer") -> None:
    """Remember an answer until it is settled. Raises ShuttingDown once the process is being stopped."""
    if _is_stopping:
        raise ShuttingDown
    _hook_loop(asyncio.get_running_loop())
    _open[answer.outcome.id] = answer


def unwatch_when_settled(answer: "Answer") -> None:
    """Forget an answer that has ended and has nothing to settle; any other is forgotten by `settled`."""
    if answer.outcome.is_settled or not answer.outcome.attempts:
        settled(answer.outcome.id)


def settled(outcome_id: UUID) -> None:
    """Forget an answer whose transaction has committed."""
    _open.pop(outcome_id, None)


async def interrupt_answers() -> None:
    """End all answers under way and wait, for a few seconds at most, until they are settled."""
    global _is_stopping  # noqa: PLW0603 - the process is what stops
    _is_stopping = True
    if not _open:
        return
    logger.info("Ending %d answers under way.", len(_open))
    for answer in list(_open.values()):
        answer.interrupt()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            # A poll, since settling happens on other threads and in other apps' transactions.
            while _open:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)
    if _open:
        logger.warning("%d answers were not settled in time; the sweeper closes them.", len(_open))


def _hook_loop(loop: asyncio.AbstractEventLoop) -> None:
    if id(loop) in _hooked:
        return
    _hooked.add(id(loop))
    reactor = sys.modules.get("twisted.internet.reactor")
    if reactor is not None and getattr(reactor, "running", False):
        _hook_reactor(reactor, loop)
    elif threading.current_thread() is threading.main_thread():
        _hook_signal(loop)


def _hook_reactor(reactor: Any, loop: asyncio.AbstractEventLoop) -> None:
    deferred = sys.modules["twisted.internet.defer"].Deferred

    def before_shutdown() -> Any:
        return deferred.fromFuture(asyncio.ensure_future(interrupt_answers(), loop=loop))

    reactor.addSystemEventTrigger("before", "shutdown", before_shutdown)


def _hook_signal(loop: asyncio.AbstractEventLoop) -> None:
    former = signal.getsignal(signal.SIGTERM)
    if not callable(former):
        # Nobody handles the signal (a test, a script): the default end of the process is not ours to change.
        return

    def handler(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(lambda: asyncio.ensure_future(interrupt_answers()))
        former(number, frame)

    signal.signal(signal.SIGTERM, handler)
