"""Queries and their attempts, newest first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from billing.models import SUCCESSES, Kind, Outcome, UsageRecord


@dataclass(frozen=True, slots=True)
class Query:
    """What a person or client asked once: the attempt that answered, all attempts, and what else it used."""

    answer: UsageRecord
    attempts: list[UsageRecord]
    extras: list[UsageRecord]

    @property
    def query_id(self) -> UUID:
        return self.answer.query_id

    @property
    def opened_at(self) -> datetime:
        return self.attempts[0].opened_at

    @property
    def asked_by(self) -> str:
        """The actor who asked (`person:UUID`, `key:UUID`), empty when nobody did."""
        if self.answer.person_id:
            return f"person:{self.answer.person_id}"
        return f"key:{self.answer.key_id}" if self.answer.key_id else ""

    @property
    def is_answered(self) -> bool:
        return self.answer.outcome in SUCCESSES

    @property
    def is_estimated(self) -> bool:
        return any(attempt.outcome == Outcome.ESTIMATED for attempt in self.attempts)

    @property
    def cost(self) -> Decimal:
        return sum((attempt.cost for attempt in self.attempts), Decimal(0))

    @property
    def baseline_cost(self) -> Decimal:
        return sum((attempt.baseline_cost for attempt in self.attempts), Decimal(0))

    @property
    def saved(self) -> Decimal:
        return self.baseline_cost - self.cost

    @property
    def tokens(self) -> int:
        return sum(attempt.input_tokens + attempt.output_tokens for attempt in self.attempts)

    @property
    def latency_ms(self) -> int:
        return sum(attempt.latency_ms or 0 for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class QueryPage:
    """`older` is the cursor of the following page, empty on the last."""

    queries: list[Query]
    older: str


def list_queries(
    start: datetime, end: datetime, *, before: str = "", agent_id: UUID | None = None, limit: int = 25
) -> QueryPage:
    """Queries whose answer was opened in `[start, end)`, newest first, with their attempts; two statements.

    `before` is a page's `older`. Raises ValueError for a cursor that this function did not make.
    """
    answers = UsageRecord.objects.filter(answers=True, opened_at__gte=start, opened_at__lt=end)
    if agent_id:
        answers = answers.filter(agent_id=agent_id)
    if before:
        moment, pk = _read_cursor(before)
        answers = answers.filter(Q(opened_at__lt=moment) | Q(opened_at=moment, pk__lt=pk))
    found = list(answers.order_by("-opened_at", "-pk")[: limit + 1])
    page = found[:limit]
    older = f"{page[-1].opened_at.isoformat()}_{page[-1].pk}" if len(found) > limit else ""
    return QueryPage(_with_attempts(page), older)


def find_query(query_id: UUID) -> Query | None:
    """One query with everything that belongs to it, None when it is unknown or not closed yet."""
    answer = UsageRecord.objects.filter(query_id=query_id, answers=True).first()
    return _with_attempts([answer])[0] if answer else None


def _with_attempts(answers: list[UsageRecord]) -> list[Query]:
    parts: dict[UUID, list[UsageRecord]] = defaultdict(list)
    ids = [answer.query_id for answer in answers]
    for record in UsageRecord.objects.filter(query_id__in=ids).order_by("opened_at", "pk"):
        parts[record.query_id].append(record)
    return [
        Query(
            answer,
            [part for part in parts[answer.query_id] if part.kind == Kind.MODEL_CALL],
            [part for part in parts[answer.query_id] if part.kind != Kind.MODEL_CALL],
        )
        for answer in answers
    ]


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    moment, _, pk = cursor.partition("_")
    return datetime.fromisoformat(moment), int(pk)
