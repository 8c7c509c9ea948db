"""The jobs that run by the clock. They stand here, and `sync` brings the database in line at each start.

Staff may switch a job off or move its time in the admin: `sync` creates what is missing, removes what no longer
exists, and leaves the rest alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from tenants.context import platform_context

PREFIX = "orchestrall: "


@dataclass(frozen=True)
class Job:
    """A task (dotted name) that starts every so often."""

    name: str
    task: str
    every: timedelta
    arguments: Mapping[str, Any] = field(default_factory=dict)


def once(name: str, task: str, *, every: timedelta) -> Job:
    """Return a job that starts `task`, however many beats there are."""
    return Job(name, "orchestrall.tasks.start_once", every, _arguments(task, every))


def for_each_tenant(name: str, task: str, *, every: timedelta) -> Job:
    """Return a job that starts `task` for every active organization."""
    return Job(name, "orchestrall.tasks.start_for_each_tenant", every, _arguments(task, every))


def _arguments(task: str, every: timedelta) -> dict[str, Any]:
    return {"task": task, "window_s": int(every.total_seconds())}


JOBS = (
    for_each_tenant("Check the audit chains", "audit.tasks.check_chain", every=timedelta(hours=1)),
    once("Check the platform's audit chain", "audit.tasks.check_platform_chain", every=timedelta(hours=1)),
    for_each_tenant("Sum up usage", "billing.tasks.roll_up_usage", every=timedelta(minutes=10)),
    for_each_tenant("End abandoned answers", "agents.chat.tasks.end_abandoned_turns", every=timedelta(minutes=5)),
    for_each_tenant("Settle abandoned usage", "billing.tasks.settle_abandoned_usage", every=timedelta(minutes=5)),
)


def sync(jobs: Sequence[Job] = JOBS) -> None:
    """Bring the stored schedule in line with `jobs`. Runs in the platform's context."""
    PeriodicTask.objects.filter(name__startswith=PREFIX).exclude(name__in=[PREFIX + job.name for job in jobs]).delete()
    for job in jobs:
        _store(job)


def _store(job: Job) -> None:
    what = {"task": job.task, "kwargs": json.dumps(dict(job.arguments))}
    stored = PeriodicTask.objects.filter(name=PREFIX + job.name).first()
    if stored is None:
        seconds = int(job.every.total_seconds())
        interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
        PeriodicTask.objects.create(name=PREFIX + job.name, interval=interval, **what)
    elif {name: getattr(stored, name) for name in what} != what:
        for name, value in what.items():
            setattr(stored, name, value)
        stored.save(update_fields=list(what))


class PlatformScheduler(DatabaseScheduler):
    """django-celery-beat's scheduler; its tables are the platform's, so each visit opens that context."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with platform_context():
            super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Read the schedule for the first time."""
        with platform_context():
            super().setup_schedule()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; returns the seconds until the next visit."""
        with platform_context():
            return super().tick(*args, **kwargs)

    def sync(self) -> None:
        """Store when each job ran last."""
        with platform_context():
            super().sync()
