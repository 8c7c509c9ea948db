"""Verifying a chain as a use case: runs with progress, marks of what was proven, and the entry that says so."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from audit.chain import record
from audit.faults import Fault
from audit.models import Entry
from audit.platform.models import Mark, PlatformEntry, VerificationRun
from audit.reader import ChainReader
from audit.rows import START, Memory, Point, Report
from audit.scope import PLATFORM, Scope, current_scope, enter_platform
from audit.verifier import verify

logger = logging.getLogger(__name__)

SCHEDULE = "system:schedule"
STALLED_AFTER = timedelta(minutes=10)


def request_run(*, actor: str, full: bool = True, tenant: UUID | None = None) -> VerificationRun:
    """Queue a verification of the current scope's chain, or return the one that is under way.

    Platform staff name another chain by `tenant`.
    """
    tenant = current_scope().tenant if tenant is None else tenant
    with transaction.atomic():
        with enter_platform():
            under_way = VerificationRun.objects.filter(
                tenant=tenant, state__in=["waiting", "running"], created_at__gt=timezone.now() - STALLED_AFTER
            ).first()
            if under_way is not None:
                return under_way
            run = VerificationRun.objects.create(tenant=tenant, full=full, actor=actor)
        transaction.on_commit(partial(_queue, run))
    return run


def _queue(run: VerificationRun) -> None:
    """Hand a run to the workers; when the broker cannot be reached the run says so instead of waiting for ever."""
    try:
        # By name: the tasks import this module.
        if run.tenant == PLATFORM:
            current_app.send_task("audit.tasks.verify_platform_chain", args=[str(run.public_id)])
        else:
            current_app.send_task("audit.tasks.verify_chain", args=[str(run.tenant), str(run.public_id)])
    except Exception:
        logger.exception("The verification %s could not be queued", run.public_id)
        _update(run, state="failed", words="The job could not be queued. Try again in a minute.")


def perform(public_id: UUID | str) -> VerificationRun:
    """Carry out a queued run of the current scope; safe to repeat. Raises VerificationRun.DoesNotExist."""
    scope = current_scope()
    with enter_platform():
        run = VerificationRun.objects.get(public_id=public_id, tenant=scope.tenant)
    return _carry_out(run, scope) if run.is_running else run


def check_now(scope: Scope, *, actor: str, full: bool) -> VerificationRun:
    """Verify a chain in this process and return the finished run."""
    with enter_platform():
        run = VerificationRun.objects.create(tenant=scope.tenant, full=full, actor=actor)
    return _carry_out(run, scope)


def latest_run() -> VerificationRun | None:
    """The newest run of the current scope's chain that has begun or is to begin."""
    scope = current_scope()
    with enter_platform():
        return VerificationRun.objects.filter(tenant=scope.tenant).first()


def latest_verdict() -> VerificationRun | None:
    """The newest finished run of the current scope's chain."""
    scope = current_scope()
    with enter_platform():
        return VerificationRun.objects.filter(tenant=scope.tenant, state__in=["whole", "broken"]).first()


def find_run(public_id: UUID) -> VerificationRun | None:
    scope = current_scope()
    with enter_platform():
        return VerificationRun.objects.filter(tenant=scope.tenant, public_id=public_id).first()


def faults_of(run: VerificationRun) -> list[Fault]:
    return [Fault(**fault) for fault in run.faults]


# Carrying out -------------------------------------------------------------------------------------------------------


def _carry_out(run: VerificationRun, scope: Scope) -> VerificationRun:
    try:
        report, run.full = _check(run, scope)
    except Exception as error:
        _update(run, state="failed", words=f"{type(error).__name__}: {error}"[:300], finished_at=timezone.now())
        raise
    _conclude(run, scope, report)
    return run


def _check(run: VerificationRun, scope: Scope) -> tuple[Report, bool]:
    """Check from the last mark, or everything: when asked to, and when the last verdict or the mark itself is bad."""
    reader = ChainReader(scope)
    memory = reader.memory()
    start = START if run.full or _was_broken(run) else _last_mark(memory)
    if start.seq:
        report = _verify(run, reader, memory, start)
        if report.is_whole or report.faults[0].seq > start.seq:
            return report, False
    return _verify(run, reader, memory, START), True


def _verify(run: VerificationRun, reader: ChainReader, memory: Memory, start: Point) -> Report:
    total = max(memory.head.seq if memory.head else 0, start.seq) - max(start.seq - 1, 0)
    first = max(start.seq, 1)
    _update(run, state="running", started_at=timezone.now(), total=total, checked=0, first_seq=first)

    def progress(checked: int) -> None:
        _update(run, checked=checked, progressed_at=timezone.now())

    return verify(reader.rows(memory, start.seq), memory, start=start, find=reader.find, progress=progress)


def _was_broken(run: VerificationRun) -> bool:
    with enter_platform():
        verdicts = VerificationRun.objects.filter(tenant=run.tenant, state__in=["whole", "broken"], id__lt=run.pk)
        return verdicts.values_list("state", flat=True).first() == "broken"


def _last_mark(memory: Memory) -> Point:
    return memory.marks[-1] if memory.marks else START


def _conclude(run: VerificationRun, scope: Scope, report: Report) -> None:
    now = timezone.now()
    state = "whole" if report.is_whole else "broken"
    with scope.enter(), transaction.atomic():
        is_news = _is_news(run, scope, report)
        _update(
            run,
            full=run.full,
            state=state,
            checked=report.checked,
            total=max(report.checked, run.total),
            faults=[asdict(fault) for fault in report.faults],
            finished_at=now,
        )
        if report.is_whole and report.proven.seq:
            with enter_platform():
                Mark.objects.get_or_create(
                    tenant=run.tenant, seq=report.proven.seq, defaults={"hash": report.proven.hash, "at": now}
                )
        if is_news:
            _record(run, report)


def _is_news(run: VerificationRun, scope: Scope, report: Report) -> bool:
    """Whether a run belongs into the chain: what people asked for does; the hourly one if it met something new.

    Otherwise each check would be the only news for the next one, and an idle chain would grow for ever. A check from
    the command line leaves the chain as it found it.
    """
    if run.actor != SCHEDULE:
        return not run.actor.startswith("system:")
    if not report.is_whole:
        return not _was_broken(run)
    entries: Any = PlatformEntry if scope.is_platform else Entry
    return bool(
        entries.objects.filter(seq__gt=run.first_seq if run.first_seq > 1 else 0, seq__lte=report.total)
        .exclude(action="audit.chain.verified")
        .exists()
    )


def _record(run: VerificationRun, report: Report) -> None:
    target = f"audit.run:{run.public_id}"
    duration = run.duration or timedelta(0)
    facts = {
        "result": "whole" if report.is_whole else "broken",
        "checked": report.checked,
        "up_to": report.total,
        "full": run.full,
        "seconds": f"{duration.total_seconds():.3g}",
    }
    record("audit.chain.verified", target, facts, actor=run.actor)
    if report.faults:
        first = report.faults[0]
        found = {"seq": first.seq, "kind": first.kind, "words": first.words, "faults": len(report.faults)}
        record("audit.chain.broken", target, found, actor=run.actor)


def _update(run: VerificationRun, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(run, name, value)
    with enter_platform():
        run.save(update_fields=list(fields))
