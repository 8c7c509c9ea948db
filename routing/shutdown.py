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
from weakref import WeakSet, WeakValueDictionary

from routing.exceptions import ShuttingDown

if TYPE_CHECKING:
    from routing.gateway import Answer
    from routing.outcomes import Outcome

logger = logging.getLogger(__name__)

GRACE_S = 4.0
"""The supervisor gives 5 s; what is not settled by then is closed as estimated by the sweeper."""
LOOK_AGAIN_S = 0.02

# Weakly: an answer that its caller drops without settling it is the sweeper's, and must not stay here for ever.
_open: WeakValueDictionary[UUID, "Answer"] = WeakValueDictionary()
_unsettled: WeakValueDictionary[UUID, "Outcome"] = WeakValueDictionary()
_is_stopping = False
_loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
_has_signal = False


def watch(answer: "Answer") -> None:
    """Remember an answer until it is settled. Raises ShuttingDown once the process is being stopped."""
    if _is_stopping:
        raise ShuttingDown
    _hook_loop(asyncio.get_running_loop())
    _open[answer.outcome.id] = answer
    _unsettled[answer.outcome.id] = answer.outcome


def unwatch_when_settled(answer: "Answer") -> None:
    """Forget an answer that has ended and has nothing to settle; any other is forgotten by `settled`."""
    if answer.outcome.is_settled or not answer.outcome.attempts:
        settled(answer.outcome.id)


def settled(outcome_id: UUID) -> None:
    """Forget an answer whose transaction has committed."""
    _open.pop(outcome_id, None)
    _unsettled.pop(outcome_id, None)


async def interrupt_answers() -> None:
    """End all answers of the running loop and wait, for a few seconds at most, until they are settled."""
    global _is_stopping  # noqa: PLW0603 - the process is what stops
    _is_stopping = True
    loop = asyncio.get_running_loop()
    mine = [answer for answer in list(_open.values()) if answer.loop is loop]
    for answer in mine:
        answer.interrupt()
    logger.info("Ending %d answers under way.", len(mine))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            # A poll, since settling happens on other threads and in other apps' transactions.
            while _unsettled:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)
    if _unsettled:
        logger.warning("%d answers were not settled in time; the sweeper closes them.", len(_unsettled))


def _hook_loop(loop: asyncio.AbstractEventLoop) -> None:
    if loop in _loops:
        return
    _loops.add(loop)
    reactor = sys.modules.get("twisted.internet.reactor")
    if reactor is not None and getattr(reactor, "running", False):
        _hook_reactor(reactor, loop)
    elif threading.current_thread() is threading.main_thread():
        _hook_signal()


def _hook_reactor(reactor: Any, loop: asyncio.AbstractEventLoop) -> None:
    deferred = sys.modules["twisted.internet.defer"].Deferred

    def before_shutdown() -> Any:
        return deferred.fromFuture(asyncio.ensure_future(interrupt_answers(), loop=loop))

    reactor.addSystemEventTrigger("before", "shutdown", before_shutdown)


def _hook_signal() -> None:
    global _has_signal  # noqa: PLW0603 - the process has one handler, whatever loops come and go
    former = signal.getsignal(signal.SIGTERM)
    if _has_signal or not callable(former):
        # Nobody handles the signal (a test, a script): the default end of the process is not ours to change.
        return

    def handler(number: int, frame: Any) -> None:
        for loop in list(_loops):
            if not loop.is_closed():
                loop.call_soon_threadsafe(_interrupt_in, loop)
        former(number, frame)

    signal.signal(signal.SIGTERM, handler)
    _has_signal = True


def _interrupt_in(loop: asyncio.AbstractEventLoop) -> None:
    _tasks.add(task := loop.create_task(interrupt_answers()))
    task.add_done_callback(_tasks.discard)


_tasks: set[asyncio.Task[None]] = set()
