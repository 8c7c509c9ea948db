"""The jobs that run by the clock. They stand here, and `sync` brings the database in line at each start.

Staff may switch a job off or move its time in the admin: `sync` creates what is missing, removes what no longer
exists, and leaves the rest alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from tenants.context import platform_context

PREFIX = "orchestrall: "


@dataclass(frozen=True)
class Job:
    """A task and its time: either `every` so often, or at the given `minute` and `hour` (crontab, UTC)."""

    name: str
    task: str
    every: timedelta | None = None
    minute: str = "*"
    hour: str = "*"
    kwargs: dict[str, Any] = field(default_factory=dict)

    def schedule(self) -> dict[str, IntervalSchedule | CrontabSchedule]:
        """Return the field of `PeriodicTask` that says when, with the stored schedule."""
        if self.every is not None:
            seconds = int(self.every.total_seconds())
            interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
            return {"interval": interval}
        crontab, _ = CrontabSchedule.objects.get_or_create(
            minute=self.minute,
            hour=self.hour,
            day_of_week="*",
            day_of_month="*",
            month_of_year="*",
            timezone="UTC",
        )
        return {"crontab": crontab}


JOBS: Sequence[Job] = ()


def sync(jobs: Sequence[Job] = JOBS) -> None:
    """Bring the stored schedule in line with `jobs`. Runs in the platform's context."""
    PeriodicTask.objects.filter(name__startswith=PREFIX).exclude(name__in=[PREFIX + job.name for job in jobs]).delete()
    for job in jobs:
        task, made = PeriodicTask.objects.get_or_create(
            name=PREFIX + job.name,
            defaults={"task": job.task, **job.schedule()},
        )
        if not made and task.task != job.task:
            task.task = job.task
            task.save(update_fields=["task"])


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
