"""One child process of the supervisor: its output, its readiness and its end.

Written here and not taken from honcho: that one starts everything at once, keeps a Python process of its own beside
each child, and gives all of them the same five seconds; here the order matters, at the start and at the end.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
NAME_WIDTH = 9


@dataclass(frozen=True)
class Program:
    """What to start and how to know that it serves."""

    name: str
    command: list[str]
    answers: Callable[[], bool] | None = None
    """Asks the running program; without it the program reports by sd_notify (`NOTIFY_SOCKET`)."""
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """A started program. Lives in a session of its own, so that Ctrl-C reaches the parent alone."""

    def __init__(self, program: Program, environment: Mapping[str, str], notify_dir: Path) -> None:
        self.name = program.name
        self._answers = program.answers
        self._reported = _NotifySocket(notify_dir / f"{program.name}.notify") if program.answers is None else None
        environment = {**environment, **program.environment}
        if self._reported:
            environment["NOTIFY_SOCKET"] = str(self._reported.path)
        self._process = subprocess.Popen(
            program.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing but one system call, and no thread holds a lock
        )
        self._reader = threading.Thread(target=self._relay, name=f"output of {self.name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id, also that of the process group."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, None while the program runs."""
        return self._process.poll()

    def is_ready(self) -> bool:
        """Whether the program serves."""
        return self._answers() if self._answers else self._reported is not None and self._reported.is_ready()

    def end(self) -> None:
        """Ask the program to settle and end."""
        if self.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End the program and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def finish_output(self) -> None:
        """Print what the ended program has said last."""
        self._reader.join(timeout=1)
        if self._reported:
            self._reported.close()

    def _relay(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if text := line.decode(errors="replace").rstrip():
                say(self.name, text)


class _NotifySocket:
    """The receiving end of systemd's sd_notify protocol, of which only `READY=1` matters here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self._ready = False

    def is_ready(self) -> bool:
        try:
            while not self._ready:
                self._ready = b"READY=1" in self._socket.recv(4096)
        except BlockingIOError:
            pass
        return self._ready

    def close(self) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)


def say(name: str, text: str) -> None:
    """Print one line of a process, marked with its name."""
    sys.stdout.write(f"{name:<{NAME_WIDTH}}| {text}\n")
    sys.stdout.flush()


def wait_until_ended(children: list[Child], seconds: float, *, impatient: Callable[[], bool]) -> None:
    """Wait until all have ended; after `seconds`, or when `impatient`, kill the rest with all they started."""
    deadline = time.monotonic() + seconds
    while any(child.returncode is None for child in children):
        if time.monotonic() > deadline or impatient():
            break
        time.sleep(0.05)
    for child in children:
        if child.returncode is None:
            say("run", f"{child.name} did not end by itself and is killed")
        # Also after a clean end: a group may outlive its leader.
        child.kill()
        child.finish_output()


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Runs in the child: the kernel ends it when the supervisor is killed without a chance to clean up."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
