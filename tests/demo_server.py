"""The demo provider as a process of its own, for tests and benches of every room."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent


class DemoServer:
    """A running demo provider on a free port.

    Use it as a context manager, or `start()` and `stop()` it. `url` is the base URL for an OpenAI client (with `/v1`).
    Options are those of the command: `DemoServer(latency_ms=50, tokens_per_second=100)`.
    """

    def __init__(self, **options: float) -> None:
        self._options = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Self:
        """Start the process and wait for the line that names its port."""
        command = [sys.executable, "-m", "routing.providers.demo", "--port=0", *self._options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the demo provider did not start: exit {self._process.wait()}")
        self.url = line.split()[-1]
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(timeout=20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    @property
    def root(self) -> str:
        """Return the address without `/v1`."""
        return self.url.removesuffix("/v1")

    def ledger(self, since: int = 0, limit: int = 10_000) -> dict[str, Any]:
        """Return the ledger: `entries` that ended after number `since`, `last`, `in_flight`, `totals`."""
        return self._json(f"/_demo/ledger?since={since}&limit={limit}")

    def mark(self) -> int:
        """Return the number of the last call, to be given as `since` later."""
        return int(self.ledger(limit=10_000)["totals"]["calls"])

    def settled(self, since: int = 0, tries: int = 200) -> list[dict[str, Any]]:
        """Return the calls since a mark, once none is in flight any more."""
        for _ in range(tries):
            ledger = self.ledger(since)
            if not ledger["in_flight"]:
                return list(ledger["entries"])
            time.sleep(0.02)
        raise AssertionError(f"{ledger['in_flight']} calls are still in flight")

    def fault(self, kind: str, **options: Any) -> list[dict[str, Any]]:
        """Switch a fault on (`share`, `model`, `seconds`, `after_tokens`, `times`); `off` ends all."""
        return list(self._json("/_demo/faults", {"kind": kind, **options})["faults"])

    def _json(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data=data)
        with urllib.request.urlopen(request, timeout=20) as response:
            return dict(json.load(response))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self.stop()
