"""Usage records as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from billing import export, metering, views
from tenants.context import tenant_context
from tests.billing.conftest import NOON, Call


@pytest.mark.promise("SEC-4")
@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "  '=1+1"),
        ("first\n=1+1", "first\n'=1+1"),
        ("\t=1+1", "\t'=1+1"),
        ("gpt-4o", "gpt-4o"),
        ("a=b", "a=b"),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert export.safe_cell(text) == cell


async def read(organization: Any) -> list[dict[str, str]]:
    lines = [part async for part in export.csv_of(organization.as_tenant(), NOON - timedelta(1), NOON + timedelta(1))]
    return list(csv.DictReader(io.StringIO("".join(lines))))


async def test_every_record_of_the_period_is_a_line(
    founded: Callable[..., Any], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROWS_A_READ", 3)

    def fill() -> tuple[Any, set[str]]:
        organization = founded()
        with tenant_context(organization):
            made = {str(call(cost="0.0000000001", at=NOON)) for _ in range(8)}
            call(at=NOON - timedelta(days=2))
            metering.count("tool_call", name="=cmd")
        return organization, made

    organization, made = await sync_to_async(fill)()
    rows = await read(organization)
    assert made == {row["id"] for row in rows if row["kind"] == "model_call"}
    assert {row["cost_usd"] for row in rows if row["id"] in made} == {"0.0000000001"}


def test_the_download_is_a_csv_and_is_in_the_chain(cast: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(views, "record", lambda **entry: written.append(entry["action"]))
    response = client_of(cast.vera, cast.acme).get("/costs/export.csv")
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"].startswith('attachment; filename="usage-acme-')
    assert written == ["billing.usage.exported"]
