"""The schedule: kept in the database, started once, and only for tasks that exist."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import shared_task
from django_celery_beat.models import PeriodicTask

from orchestrall import schedule
from orchestrall.celery import HARD_TIME_LIMIT_S, VISIBILITY_TIMEOUT_S, app, broker_url
from orchestrall.schedule import JOBS, PREFIX, Job
from orchestrall.tasks import claim_window, start_for_each_tenant
from tenants.context import platform_context

EVERY_HOUR = timedelta(hours=1)


@pytest.fixture
def on_platform(db: None) -> Iterator[None]:
    with platform_context():
        yield


def names() -> set[str]:
    return set(PeriodicTask.objects.filter(name__startswith=PREFIX).values_list("name", flat=True))


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    wanted = {job.task for job in JOBS} | {job.arguments["task"] for job in JOBS}
    assert wanted <= set(app.tasks)


def test_syncing_twice_changes_nothing(on_platform: None) -> None:
    schedule.sync()
    before = list(PeriodicTask.objects.order_by("pk").values())
    schedule.sync()
    assert list(PeriodicTask.objects.order_by("pk").values()) == before


def test_a_job_that_no_longer_exists_is_removed(on_platform: None) -> None:
    schedule.sync([Job("Old", "some.task", EVERY_HOUR), Job("Kept", "some.task", EVERY_HOUR)])
    schedule.sync([Job("Kept", "some.task", EVERY_HOUR)])
    assert names() == {PREFIX + "Kept"}


def test_a_job_that_staff_switched_off_stays_off_when_its_task_changes(on_platform: None) -> None:
    schedule.sync([Job("A job", "old.task", EVERY_HOUR)])
    PeriodicTask.objects.filter(name=PREFIX + "A job").update(enabled=False)
    schedule.sync([Job("A job", "new.task", EVERY_HOUR, {"n": 1})])
    stored = PeriodicTask.objects.get(name=PREFIX + "A job")
    assert (stored.enabled, stored.task, json.loads(stored.kwargs)) == (False, "new.task", {"n": 1})


def test_jobs_that_staff_added_are_left_alone(on_platform: None) -> None:
    schedule.sync([Job("A job", "some.task", EVERY_HOUR)])
    own = PeriodicTask.objects.get(name=PREFIX + "A job")
    own.pk, own.name = None, "Their own"
    own.save(force_insert=True)
    schedule.sync([])
    assert PeriodicTask.objects.filter(name="Their own").exists()


def test_two_beats_start_a_job_once(db: None) -> None:
    name = f"tests.{uuid4()}"
    assert [claim_window(name, 3600) for _ in range(3)] == [True, False, False]


@pytest.mark.promise("TEN-3")
def test_a_job_is_started_for_each_active_organization(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    @shared_task(name="tests.started", tenant=True)
    def task(tenant_id: str) -> None: ...

    monkeypatch.setattr(app.tasks["tests.started"], "delay", started.append)
    assert start_for_each_tenant("tests.started", 1) == 2
    assert sorted(started) == sorted([str(cast.acme.id), str(cast.meridian.id)])


def test_no_job_may_run_longer_than_the_broker_waits_before_it_hands_it_out_again() -> None:
    assert app.conf.task_time_limit == HARD_TIME_LIMIT_S < VISIBILITY_TIMEOUT_S
    assert app.conf.broker_transport_options["visibility_timeout"] == VISIBILITY_TIMEOUT_S


def test_jobs_are_json_acknowledged_late_and_handed_out_again_after_a_lost_worker() -> None:
    assert (app.conf.accept_content, app.conf.task_serializer) == (["json"], "json")
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("rediss://redis:6379/0", "rediss://redis:6379/0"),
    ],
)
def test_the_broker_is_the_same_redis_in_its_own_words(given: str, broker: str) -> None:
    assert broker_url(given) == broker
