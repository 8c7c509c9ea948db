"""Usage records: opened before something is used, closed exactly once, whatever fails, repeats or dies in between."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.chain import record as write_audit_entry
from billing import metrics
from billing.models import SUCCESSES, Kind, Outcome, State, UsageRecord
from billing.spend import add_spend

ABANDONED_AFTER = timedelta(minutes=15)
ATTEMPT_TRIES = 5


@dataclass(frozen=True, slots=True)
class NewRecord:
    """An attempt at a model call that is about to be made.

    `tier` is `small` or `large`. The `estimated_*` figures are what the sweeper books when nobody closes the record:
    give what the caller thinks it will cost. The number of the attempt within its query is given by the ledger.
    """

    query_id: UUID
    provider: str
    model: str
    tier: str
    agent_id: UUID | None = None
    agent_slug: str = ""
    person_id: UUID | None = None
    key_id: UUID | None = None
    conversation_id: UUID | None = None
    estimated_input_tokens: int = 0
    estimated_cost: Decimal = Decimal(0)
    estimated_baseline_cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Closing:
    """How a model call ended. Money in USD; times in milliseconds, None when there was no answer.

    `outcome`: `final` (the provider told the usage), `estimated` (answered or cut, the usage is computed), `refused`
    (turned away, costs nothing), `failed` (unreachable or broken before an answer, costs nothing). `error` is a short
    code for the last two (`timeout`, `rate_limited`).
    """

    outcome: str
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal = Decimal(0)
    baseline_cost: Decimal = Decimal(0)
    latency_ms: int | None = None
    first_token_ms: int | None = None
    error: str = ""


def open_record(new: NewRecord) -> UUID:
    """Write an open record in a short transaction of its own, before the attempt. Returns its public id."""
    public_id = uuid4()
    for tries_left in reversed(range(ATTEMPT_TRIES)):
        try:
            with _block():
                UsageRecord.objects.create(public_id=public_id, attempt=_next_attempt(new.query_id), **asdict(new))
            break
        except IntegrityError:
            # Two attempts of one query opened at the same instant took the same number.
            if not tries_left:
                raise
    metrics.RECORDS_OPENED.labels(Kind.MODEL_CALL).inc()
    return public_id


def close_record(record_id: UUID, closing: Closing) -> bool:
    """Close an open record inside the caller's transaction. True if this call closed it, False if it was closed.

    Adds the cost to the month's spend and settles which attempt speaks for the query.
    """
    with transaction.atomic(savepoint=False):
        attempts = _lock_query_of(record_id)
        record = next(attempt for attempt in attempts if attempt.public_id == record_id)
        if record.state != State.OPEN:
            return False
        _write_closing(record, closing, _yields_the_answer(attempts, record, closing.outcome))
        add_spend(closing.cost, record.opened_at)
    transaction.on_commit(lambda: _count(record.tier, closing))
    return True


def count(
    kind: str,
    *,
    name: str = "",
    query_id: UUID | None = None,
    agent_id: UUID | None = None,
    agent_slug: str = "",
    person_id: UUID | None = None,
    key_id: UUID | None = None,
    conversation_id: UUID | None = None,
    latency_ms: int | None = None,
    outcome: str = Outcome.FINAL,
) -> UUID:
    """Write a closed record of something without a price (`tool_call`, `ticket`) in the caller's transaction.

    `name` is which: the tool's name, the ticket's type.
    """
    now = timezone.now()
    record = UsageRecord.objects.create(
        kind=Kind(kind),
        name=name,
        query_id=query_id,
        agent_id=agent_id,
        agent_slug=agent_slug,
        person_id=person_id,
        key_id=key_id,
        conversation_id=conversation_id,
        latency_ms=latency_ms,
        state=State.CLOSED,
        outcome=Outcome(outcome),
        opened_at=now,
        closed_at=now,
    )
    transaction.on_commit(lambda: metrics.RECORDS_CLOSED.labels(kind, outcome).inc())
    return record.public_id


def settle_abandoned(older_than: timedelta = ABANDONED_AFTER) -> int:
    """Close what a crash left open, as estimated, at the figures expected when it was opened.

    Each record in a transaction of its own, with `billing.usage_record.estimated` in the chain. Returns how many.
    """
    waiting = UsageRecord.objects.filter(state=State.OPEN, opened_at__lte=timezone.now() - older_than)
    return sum(_settle(record) for record in list(waiting.order_by("opened_at")))


def _settle(record: UsageRecord) -> bool:
    closing = Closing(
        Outcome.ESTIMATED,
        input_tokens=record.estimated_input_tokens,
        cost=record.estimated_cost,
        baseline_cost=record.estimated_baseline_cost,
        error="abandoned",
    )
    with transaction.atomic():
        if not close_record(record.public_id, closing):
            return False
        write_audit_entry(
            action="billing.usage_record.estimated",
            target=f"billing.usage_record:{record.public_id}",
            actor="system:metering",
            payload={"model": record.model, "cost": str(record.estimated_cost), "query": str(record.query_id)},
        )
    return True


def _block() -> AbstractContextManager[Any]:
    """A savepoint inside a transaction; outside, one statement is a transaction and needs no more round trips."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _next_attempt(query_id: UUID) -> Coalesce:
    attempts = UsageRecord.objects.filter(query_id=query_id, kind=Kind.MODEL_CALL).order_by().values("query_id")
    return Coalesce(Subquery(attempts.annotate(last=Max("attempt")).values("last")), 0) + 1


class _Attempt(NamedTuple):
    """What closing has to know of an attempt."""

    pk: int
    public_id: UUID
    attempt: int
    state: str
    outcome: str
    answers: bool
    tier: str
    opened_at: datetime


# At the end of every model call: written out, since putting it together takes longer than running it.
LOCK_QUERY = """
SELECT id, public_id, attempt, state, outcome, answers, tier, opened_at FROM billing_usagerecord
WHERE kind = 'model_call' AND query_id = (
  SELECT query_id FROM billing_usagerecord WHERE public_id = %s AND kind = 'model_call')
ORDER BY attempt FOR UPDATE
"""


def _lock_query_of(record_id: UUID) -> list[_Attempt]:
    """Lock all attempts of the record's query, in order: which one answers is decided by one closer at a time.

    Raises UsageRecord.DoesNotExist for an unknown id.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_QUERY, [record_id])
        attempts = [_Attempt(*row) for row in cursor.fetchall()]
    if not attempts:
        raise UsageRecord.DoesNotExist(f"No usage record {record_id}")
    return attempts


def _yields_the_answer(attempts: list[_Attempt], record: _Attempt, outcome: str) -> bool:
    """Whether `record` now speaks for its query: a success before a failure, then the later attempt.

    Takes the mark from the attempt that had it.
    """
    holder = next((attempt for attempt in attempts if attempt.answers), None)
    if holder is None:
        return True
    if (outcome in SUCCESSES, record.attempt) < (holder.outcome in SUCCESSES, holder.attempt):
        return False
    UsageRecord.objects.filter(pk=holder.pk).update(answers=False, is_rolled_up=False)
    return True


def _write_closing(record: _Attempt, closing: Closing, answers: bool) -> None:
    UsageRecord.objects.filter(pk=record.pk).update(
        **{**asdict(closing), "outcome": Outcome(closing.outcome)},
        state=State.CLOSED,
        closed_at=timezone.now(),
        answers=answers,
        is_rolled_up=False,
    )


def _count(tier: str, closing: Closing) -> None:
    metrics.RECORDS_CLOSED.labels(Kind.MODEL_CALL, closing.outcome).inc()
    metrics.MODEL_COST.labels(tier).inc(float(closing.cost))
    metrics.MODEL_BASELINE.labels(tier).inc(float(closing.baseline_cost))
    metrics.TOKENS.labels("input", tier).inc(closing.input_tokens)
    metrics.TOKENS.labels("output", tier).inc(closing.output_tokens)
