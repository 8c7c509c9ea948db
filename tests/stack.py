"""The web server as a process of its own, for tests that need real sockets and signals."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
READY_AFTER_S = 60.0


class WebServer:
    """Daphne with our application, on the database and Redis of this test process.

    `url` is the platform's address; a tenant's host goes into the `Host` header. Variables for the process are given
    by name: `WebServer(DEMO_PROVIDER_URL=demo.url)`. What a test wrote is seen only once it is committed.
    """

    def __init__(self, **variables: str) -> None:
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port)]
        environment = {**os.environ, "PORT": str(self.port), **self._variables}
        self._process = subprocess.Popen([*command, "orchestrall.asgi:application"], cwd=ROOT, env=environment)
        deadline = time.monotonic() + READY_AFTER_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the web server did not start: exit {self._process.poll()}")
            time.sleep(0.1)
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=20)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/livez", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
