"""`make bench`: one line per figure, and all of them in `bench/results/latest.json`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

from bench.figures import Figure
from bench.stack import ROOT, Stack, fresh

RESULTS = ROOT / "bench" / "results" / "latest.json"
SETTLE_S = 8.0


class Bench:
    """Collects figures and prints each as soon as it is known."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def add(self, figures: Iterable[Figure | tuple[str, float, str]]) -> None:
        """Take figures and print their lines."""
        for figure in figures:
            self.figures.append(Figure(*figure))
            print(self.figures[-1].line(), flush=True)

    def run(self, var: Path, parts: set[str]) -> None:
        """Measure the parts that are wanted, on a fresh stack."""
        with Stack(var) as stack:
            self.add([Figure("ready_first_start", stack.ready_after_s, "s")])
            if "start" not in parts:
                self._measure(stack, parts)
                return
        with Stack(var) as stack:
            self.add([Figure("ready_second_start", stack.ready_after_s, "s")])
            time.sleep(SETTLE_S)
            sizes = stack.pss_mib()
            self.add(Figure(f"pss_idle_{kind.replace(' ', '_')}", size, "MiB") for kind, size in sizes.items())
            self.add([Figure("pss_idle_all", sum(sizes.values()), "MiB")])
            self._measure(stack, parts)

    def _measure(self, stack: Stack, parts: set[str]) -> None:
        # Django reads its settings when it is set up, and models need it: both only now that the servers run.
        django.setup()
        from bench import inside  # noqa: PLC0415

        for figures in inside.measure(stack, parts):
            self.add(figures)


def machine() -> dict[str, Any]:
    """What the figures depend on; nothing that tells one machine from another of its kind."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


PARTS = ("start", "organizations", "chat", "completions", "pages", "chain")


def main(arguments: list[str]) -> int:
    """Measure all parts, or those that are named."""
    unknown = set(arguments) - set(PARTS)
    if unknown:
        print(f"There is no part {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    var = fresh(ROOT / "var" / "bench")
    os.environ.update(ORCHESTRALL_VAR=str(var), ENV_FILE="/dev/null", DJANGO_SETTINGS_MODULE="orchestrall.settings")
    os.environ["LOG_LEVEL"] = "WARNING"  # of this process: the stack writes its log as ever
    bench, facts = Bench(), machine()
    bench.run(var, set(arguments or PARTS))
    if not arguments:
        RESULTS.parent.mkdir(exist_ok=True)
        figures = {figure.name: {"value": round(figure.value, 3), "unit": figure.unit} for figure in bench.figures}
        RESULTS.write_text(json.dumps({"machine": facts, "figures": figures}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
