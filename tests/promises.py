"""`make promises`: which rows of the product's promises have tests, and which have none.

A pytest plugin: `pytest --collect-only -p tests.promises`. The rows stand here as the number of promises per area; a
test carries its row's id in `@pytest.mark.promise`, and an id that is no row stops the run.
"""

from collections import defaultdict

import pytest

AREAS = {
    "TEN": 8,
    "IAM": 4,
    "AGT": 8,
    "MSG": 3,
    "TKT": 5,
    "RTE": 10,
    "PRV": 5,
    "CHT": 5,
    "AUD": 7,
    "BIL": 7,
    "ANA": 4,
    "WFL": 5,
    "KNW": 3,
    "IND": 2,
    "INT": 5,
    "NTF": 1,
    "SEC": 7,
    "API": 4,
    "DX": 5,
    "UI": 4,
    "OPS": 10,
}
ROWS = [f"{area}-{number}" for area, count in AREAS.items() for number in range(1, count + 1)]

tests_of: dict[str, set[str]] = defaultdict(set)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note which tests show which row."""
    for item in items:
        for mark in item.iter_markers("promise"):
            for row in mark.args:
                tests_of[row].add(item.nodeid.partition("[")[0])


def pytest_report_collectionfinish() -> list[str]:
    """Print each row that has tests with their number, and one line with those that have none."""
    unknown = sorted(set(tests_of) - set(ROWS))
    if unknown:
        raise pytest.UsageError(f"No such promise: {', '.join(unknown)}")
    lines = [f"{row}: {len(tests_of[row])}" for row in ROWS if tests_of[row]]
    return [*lines, "none: " + ", ".join(row for row in ROWS if not tests_of[row])]
