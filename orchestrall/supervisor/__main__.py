"""Start the whole product: `exec .venv/bin/python -m orchestrall.supervisor` is the last step of `make run`."""

import fcntl
import http.client
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orchestrall import embedded
from orchestrall.supervisor.child import Child, Program, say, wait_until_ended

# Requests and jobs that are under way settle within this; nothing waits for longer than the longest of them.
SETTLE_S = 10.0
READY_TIMEOUT_S = 120.0
POLL_S = 0.1


class Failure(Exception):
    """The product cannot run; the text is one sentence for the person at the terminal."""


class Interrupted(Exception):
    """A signal asked for the end before everything was ready."""


class Supervisor:
    """Starts the processes, watches over them, ends them in order."""

    def __init__(self) -> None:
        self.var: Path = settings.VAR_DIR
        self.port: int = settings.PORT
        self.address: str = settings.BIND_ADDRESS
        self.children: list[Child] = []
        self.signals = 0
        self.demo_port = _free_port()
        metrics = self.var / "metrics"
        self.environment = {
            **os.environ,
            "ORCHESTRALL_VAR": str(self.var),
            "PYTHONUNBUFFERED": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "DEMO_PROVIDER_URL": os.environ.get("DEMO_PROVIDER_URL") or f"http://127.0.0.1:{self.demo_port}/v1",
        }

    def run(self) -> int:
        """Run until a signal or the first end of a child; returns the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._require_free_port()
        embedded.make_var(self.var)
        with self._only_one(), embedded.ensure_running(self.var, **settings.EMBEDDED_SERVERS):
            try:
                self._start()
                print(f"Orchestrall is ready: http://localhost:{self.port}", flush=True)
                self._watch(lambda: False)
            except Interrupted:
                return 0
            finally:
                self._stop()
        return 0

    def _start(self) -> None:
        metrics = Path(self.environment["PROMETHEUS_MULTIPROC_DIR"])
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        embedded.note(self.var, pid=os.getpid(), port=self.port, demo_provider_port=self.demo_port)
        demo, *others = self._programs()
        # The preparation asks the providers for their models, so the demo provider answers before.
        self._await([self._launch(demo)])
        self._prepare()
        self._await([self._launch(program) for program in others])

    def _await(self, waiting: list[Child]) -> None:
        """Wait until all of these answer."""

        def all_answer() -> bool:
            waiting[:] = [child for child in waiting if not child.is_ready()]
            return not waiting

        if not self._watch(all_answer, READY_TIMEOUT_S):
            raise Failure(f"No answer within {READY_TIMEOUT_S:.0f} s from: {', '.join(c.name for c in waiting)}.")

    def _prepare(self) -> None:
        """Migrate, schedule and seed, in a process of its own: this one stays small."""
        child = self._launch(Program("prepare", [sys.executable, "manage.py", "prepare"]))
        self.children.remove(child)
        try:
            self._watch(lambda: child.returncode is not None)
        finally:
            child.end()
            wait_until_ended([child], SETTLE_S, impatient=self._is_impatient)
        if child.returncode != 0:
            raise Failure("The database could not be prepared; the lines above say why.")

    def _programs(self) -> list[Program]:
        python = sys.executable
        celery = [python, "-m", "celery", "-A", "orchestrall.celery:app", "--quiet"]
        return [
            Program(
                "demo",
                [python, "-m", "routing.providers.demo", "--port", str(self.demo_port)],
                lambda: _answers(("127.0.0.1", self.demo_port), "/v1/models"),
            ),
            Program(
                "web",
                [
                    python,
                    "-m",
                    "daphne",
                    "-v",
                    "0",
                    "-b",
                    self.address,
                    "-p",
                    str(self.port),
                    "orchestrall.asgi:application",
                ],
                lambda: _answers((self.address, self.port), "/readyz"),
            ),
            Program(
                "worker",
                [
                    *celery,
                    "worker",
                    "--concurrency",
                    "2",
                    "--loglevel",
                    "WARNING",
                    "--without-gossip",
                    "--without-mingle",
                ],
                environment={"REMAP_SIGTERM": "SIGQUIT"},
            ),
            Program("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]),
        ]

    def _launch(self, program: Program) -> Child:
        child = Child(program, self.environment, embedded.make_socket_dir(self.var))
        self.children.append(child)
        return child

    def _watch(self, done: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Wait until `done`; False when `seconds` pass first. Raises Interrupted, or Failure when a child ends."""
        deadline = time.monotonic() + seconds
        while not done():
            if self.signals:
                raise Interrupted
            for child in self.children:
                if child.returncode is not None:
                    raise Failure(f"{child.name} ended by itself ({_describe(child.returncode)}), so everything stops.")
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def _stop(self) -> None:
        """End the children: first those that have work to settle, then the provider they may still talk to."""
        first = [child for child in self.children if child.name != "demo"]
        for group in (first, [child for child in self.children if child.name == "demo"]):
            for child in group:
                child.end()
            wait_until_ended(group, SETTLE_S, impatient=self._is_impatient)

    def _is_impatient(self) -> bool:
        return self.signals > 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1
        if self.signals == 1:
            say("run", "stopping; once more to stop without waiting")

    def _require_free_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.address, self.port))
            except OSError as error:
                raise Failure(
                    f"Port {self.port} cannot be used ({error.strerror}); choose another one: PORT=8001 make run."
                ) from error

    def _only_one(self) -> "_Lock":
        return _Lock(self.var)


class _Lock:
    """Held for as long as this installation runs: two of them on one state folder would be two beats."""

    def __init__(self, var: Path) -> None:
        self._file = open(var / "run.lock", "w")  # noqa: SIM115 - closed at exit

    def __enter__(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                "Orchestrall already runs on this state folder; set ORCHESTRALL_VAR for a second one."
            ) from None

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _answers(address: tuple[str, int], path: str) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _describe(returncode: int) -> str:
    return f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit status {returncode}"


def main() -> int:
    """Run the product; one sentence on standard error when it cannot."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings")
    try:
        return Supervisor().run()
    except (Failure, embedded.EmbeddedError, ImproperlyConfigured) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
