"""The product as `make run` starts it, on a state folder and a port of its own, and what it weighs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
READY_TIMEOUT_S = 180.0
READY = "Orchestrall is ready"


class Stack:
    """`make run`; `ready_after_s` is the time from the command to its line that it is ready."""

    def __init__(self, var: Path) -> None:
        self.var, self.port, self.ready_after_s = var, free_port(), 0.0
        self._lines: list[str] = []
        self._ready = threading.Event()

    def start(self) -> Self:
        """Start and wait until it says that it is ready. Raises RuntimeError with what it said instead."""
        environment = {**os.environ, "PORT": str(self.port)}
        for name in ("DEMO_PROVIDER_URL", "LOG_LEVEL"):
            environment.pop(name, None)
        began = time.perf_counter()
        self._process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(READY_TIMEOUT_S) or self._process.poll() is not None:
            raise RuntimeError("The stack did not start:\n" + "\n".join(self._lines[-20:]))
        self.ready_after_s = time.perf_counter() - began
        return self

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines = [*self._lines[-200:], line.rstrip()]
            if line.startswith(READY):
                self._ready.set()
        self._ready.set()

    def stop(self) -> None:
        """End it as Ctrl-C does, and wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)

    @property
    def facts(self) -> dict[str, Any]:
        """What the running installation noted about itself."""
        facts: dict[str, Any] = json.loads((self.var / "run.json").read_text())
        return facts

    @property
    def demo_url(self) -> str:
        return f"http://127.0.0.1:{self.facts['demo_provider_port']}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pss_mib(self) -> dict[str, float]:
        """Proportional set size of all processes, by kind, in MiB."""
        facts, sizes = self.facts, {}
        kinds = {"python": "pid", "postgres": "postgres_pid", "redis": "redis_pid", "redis cache": "cache_pid"}
        for kind, name in kinds.items():
            sizes[kind] = sum(map(pss_kib, descendants(facts[name]))) / 1024
        return sizes

    def cpu_s(self) -> float:
        """Processor time of all processes so far: unlike time on the clock, it hardly depends on what else runs."""
        facts = self.facts
        roots = [facts[name] for name in ("pid", "postgres_pid", "redis_pid", "cache_pid")]
        return sum(cpu_ticks(pid) for root in roots for pid in descendants(root)) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def fresh(var: Path) -> Path:
    """Return the state folder, emptied."""
    shutil.rmtree(var, ignore_errors=True)
    var.mkdir(parents=True, mode=0o700)
    return var


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def descendants(root: int) -> Iterable[int]:
    """Return a process and everything it started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting.extend(children.get(found[-1], ()))
    return found


def cpu_ticks(pid: int) -> int:
    """User and system time of one process with its ended children, 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, fields[11:15]))


def pss_kib(pid: int) -> int:
    """Proportional set size of one process in KiB, 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
