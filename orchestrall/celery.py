"""The Celery application: what all jobs have in common.

A job may start twice (a lost worker, a redelivery), so each is written to change nothing the second time.
"""

import logging.config
import os
import time
import warnings
from typing import Any

from celery import Celery, Task
from celery.platforms import SecurityWarning
from celery.signals import beat_init, setup_logging, task_postrun, task_prerun, worker_ready
from django.conf import settings
from prometheus_client import Counter, Histogram

from orchestrall.logs import request_id
from orchestrall.notify import notify_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings")

logger = logging.getLogger("orchestrall.job")

JOBS = Counter("orchestrall_jobs", "Jobs by how they ended.", ["task", "state"])
JOB_SECONDS = Histogram("orchestrall_job_seconds", "From start to end of a job.", ["task"])

HARD_TIME_LIMIT_S = 300
# Redis hands out again what was not acknowledged in time: this must be longer than the longest job.
VISIBILITY_TIMEOUT_S = 2 * HARD_TIME_LIMIT_S
KEY_PREFIX = "broker:"


def broker_url(redis_url: str) -> str:
    """Return the broker's address in kombu's words, which has a scheme of its own for Unix sockets."""
    return redis_url.replace("unix://", "redis+socket://", 1) if redis_url.startswith("unix://") else redis_url


app = Celery("orchestrall", task_cls="tenants.tasks:ContextTask")
app.conf.update(
    broker_url=broker_url(settings.CELERY_BROKER_URL),
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT_S, "global_keyprefix": KEY_PREFIX},
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=HARD_TIME_LIMIT_S,
    task_soft_time_limit=HARD_TIME_LIMIT_S - 30,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    # With REMAP_SIGTERM=SIGQUIT: jobs get this long to finish, what is left goes back to the queue at once.
    worker_soft_shutdown_timeout=6.0,
    worker_hijack_root_logger=False,
    beat_scheduler="orchestrall.schedule:PlatformScheduler",
    beat_max_loop_interval=30,
    timezone="UTC",
)
app.autodiscover_tasks()


# Running as root is Celery's worry about pickle; JSON is the only format accepted here.
warnings.filterwarnings("ignore", category=SecurityWarning)


@setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
def _begin(task_id: str, task: Task, **_: Any) -> None:
    request_id.set(task_id)
    task.request.update(started=time.perf_counter())


@task_postrun.connect
def _report(task: Task, state: str | None, **_: Any) -> None:
    # Without the arguments, which may carry what people wrote.
    seconds = time.perf_counter() - task.request.get("started", time.perf_counter())
    ended = (state or "unknown").lower()
    logger.info("%s %s", task.name, ended, extra={"duration_ms": round(seconds * 1000, 1)})
    JOBS.labels(task.name, ended).inc()
    JOB_SECONDS.labels(task.name).observe(seconds)
    request_id.set("")


@worker_ready.connect
@beat_init.connect
def _tell_ready(**_: Any) -> None:
    notify_ready()
