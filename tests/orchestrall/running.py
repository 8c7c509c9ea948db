"""The product as `make run` starts it, for tests that live with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 120


class Run:
    """A supervisor in a process of its own, with its own state folder and port."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.log = var / f"run-{time.monotonic_ns()}.log"
        self.environment = {**os.environ, "ORCHESTRALL_VAR": str(var), "PORT": str(port)}
        self.environment.pop("EMBEDDED_DATABASE", None)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orchestrall.supervisor"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_until_ready(self) -> None:
        wait_until(lambda: "Orchestrall is ready" in self.output or self.process.poll() is not None, self)
        assert f"\nOrchestrall is ready: http://localhost:{self.port}\n" in self.output, self.output

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        returncode = self.process.wait(PATIENCE_S)
        assert "is killed" not in self.output, self.output
        return returncode

    def facts(self) -> dict[str, int]:
        facts: dict[str, int] = json.loads((self.var / "run.json").read_text())
        return facts

    def processes(self) -> dict[int, str]:
        """Processes that belong to this run, by their environment or their command."""
        found, mark = {}, os.fsencode(self.var)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                if mark in command or b"ORCHESTRALL_VAR=" + mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = command.replace(b"\0", b" ").decode()
            except OSError:
                continue
        return {pid: command for pid, command in found.items() if command}


def wait_until(condition: Callable[[], bool], run: Run) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, run.output
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
