"""Usage records as CSV, streamed: a year of them never stands in memory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from billing.models import UsageRecord
from tenants.context import Tenant, in_tenant

ROWS_A_READ = 2000
COLUMNS = {
    "opened_at": "opened_at",
    "closed_at": "closed_at",
    "id": "public_id",
    "kind": "kind",
    "name": "name",
    "query": "query_id",
    "attempt": "attempt",
    "agent": "agent_slug",
    "provider": "provider",
    "model": "model",
    "tier": "tier",
    "state": "state",
    "outcome": "outcome",
    "error": "error",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_tokens": "cached_tokens",
    "cost_usd": "cost",
    "all_large_usd": "baseline_cost",
    "latency_ms": "latency_ms",
    "first_token_ms": "first_token_ms",
    "person": "person_id",
    "key": "key_id",
    "conversation": "conversation_id",
}
# Spreadsheets take a cell that begins like this for a formula, also after blanks and on a later line of the cell.
FORMULA = re.compile(r"^(\s*)([=+\-@|%\t\r])", re.MULTILINE)


def safe_cell(value: Any) -> str:
    """The value as text that no spreadsheet runs: an apostrophe stands before whatever looks like a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else str(value)


async def csv_of(tenant: Tenant, start: datetime, end: datetime) -> AsyncIterator[str]:
    """Lines of the tenant's records opened in `[start, end)`, newest first, with a header line."""
    yield _lines([list(COLUMNS)])
    last: tuple[Any, ...] | None = None
    while rows := await in_tenant(tenant, read_rows, start, end, last):
        last = rows[-1][:2]
        yield _lines([[safe_cell(value) for value in row[2:]] for row in rows])


def read_rows(start: datetime, end: datetime, after: tuple[Any, ...] | None) -> list[tuple[Any, ...]]:
    """The next rows after the one with this instant and key; the two stand first in each row."""
    records = UsageRecord.objects.filter(opened_at__gte=start, opened_at__lt=end)
    if after:
        records = records.filter(Q(opened_at__lt=after[0]) | Q(opened_at=after[0], pk__lt=after[1]))
    return list(records.order_by("-opened_at", "-pk").values_list("opened_at", "pk", *COLUMNS.values())[:ROWS_A_READ])


def _lines(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
