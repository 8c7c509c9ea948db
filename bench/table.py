"""Write the figures of `bench/results/latest.json` into `docs/benchmarks.md`: `.venv/bin/python -m bench.table`."""

from __future__ import annotations

import json
from pathlib import Path

from bench.figures import Figure

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "latest.json"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"


def table() -> str:
    """The machine in a sentence, and a line a figure."""
    results = json.loads(RESULTS.read_text())
    facts = results["machine"]
    lines = [
        f"Run of {facts['at']} at {facts['commit']}: {facts['cores']} cores, {facts['memory_gib']} GiB, "
        f"Python {facts['python']}, load average before it {facts['load_before']}.",
        "",
        "```text",
        *(Figure(name, each["value"], each["unit"]).line() for name, each in results["figures"].items()),
        "```",
        "",
    ]
    return "\n".join(lines)


def with_figures(page: str) -> str:
    """The page with the figures of the latest run between the two marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text()))
