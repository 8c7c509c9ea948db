"""`make run` as a person lives it: one line says it is ready, one signal ends all of it."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrall import embedded
from tests.orchestrall.running import PATIENCE_S, ROOT, Run, free_port, wait_until

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """One state folder for this file: the second start finds the data of the first."""
    folder = Path(tempfile.mkdtemp(prefix="run-"))
    yield folder
    embedded.ensure_running(folder).close()
    shutil.rmtree(folder)


@contextmanager
def started(var: Path) -> Iterator[Run]:
    run = Run(var, free_port())
    yield run
    for pid in run.processes():
        os.kill(pid, signal.SIGKILL)
    run.process.wait(PATIENCE_S)


@pytest.fixture
def run(var: Path) -> Iterator[Run]:
    """A product of the test's own, to be ended by it."""
    with started(var) as run:
        yield run


@pytest.fixture(scope="module")
def shared() -> Iterator[Run]:
    """A running product for the tests that leave it running, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="shared-"))
    with started(folder) as run:
        run.wait_until_ready()
        yield run
        run.end()
    shutil.rmtree(folder)


@pytest.mark.promise("OPS-1")
def test_all_of_it_answers_and_one_signal_ends_all_of_it(run: Run) -> None:
    run.wait_until_ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/readyz") as response:
        assert response.status == 200
    words = " ".join(run.processes().values())
    for part in ("daphne", "worker", "beat", "routing.providers.demo", "postgres", "redis-server"):
        assert part in words
    assert run.end() == 0
    assert run.processes() == {}
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", run.port)) != 0


def test_ctrl_c_at_the_terminal_reaches_the_parent_alone_and_ends_all(run: Run) -> None:
    run.wait_until_ready()
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.process.wait(PATIENCE_S) == 0
    assert run.processes() == {}


def test_when_a_child_dies_everything_stops_and_says_which(run: Run) -> None:
    run.wait_until_ready()
    beat = next(pid for pid, command in run.processes().items() if " beat " in command)
    os.kill(beat, signal.SIGKILL)
    assert run.process.wait(PATIENCE_S) == 1
    assert "beat ended by itself (signal SIGKILL), so everything stops." in run.output
    assert run.processes() == {}


def test_a_killed_parent_leaves_no_child_and_the_next_start_takes_the_servers_over(run: Run) -> None:
    run.wait_until_ready()
    servers = {run.facts()[name] for name in ("postgres_pid", "redis_pid", "cache_pid")}
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not any(" -m " in command for command in run.processes().values()), run)
    again = Run(run.var, run.port)
    again.wait_until_ready()
    assert {again.facts()[name] for name in ("postgres_pid", "redis_pid", "cache_pid")} == servers
    assert again.end() == 0
    assert again.processes() == {}


def test_a_signal_before_it_is_ready_ends_it_cleanly(run: Run) -> None:
    wait_until(lambda: "Demo provider is ready" in run.output, run)
    assert run.end() == 0
    assert run.processes() == {}


def test_a_taken_port_is_named_in_one_sentence(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "-m", "orchestrall.supervisor"],
            cwd=ROOT,
            env={**os.environ, "ORCHESTRALL_VAR": str(var), "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"Port {port} cannot be used")


def test_no_secret_under_the_state_folder_is_readable_by_others(shared: Run) -> None:
    for name in ("secret_key", "run.json"):
        assert stat.S_IMODE((shared.var / name).stat().st_mode) == 0o600


def test_a_command_beside_it_attaches_and_leaves_it_running(shared: Run) -> None:
    environment = {**os.environ, "ORCHESTRALL_VAR": str(shared.var)}
    environment.pop("EMBEDDED_DATABASE", None)
    done = subprocess.run([sys.executable, "manage.py", "migrate"], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0
    with urllib.request.urlopen(f"http://127.0.0.1:{shared.port}/readyz") as response:
        assert response.status == 200


def test_a_second_one_on_the_same_state_is_refused_in_a_sentence(shared: Run) -> None:
    second = Run(shared.var, free_port())
    assert second.process.wait(PATIENCE_S) == 1
    assert "Orchestrall already runs on this state folder" in second.output


def test_the_figures_of_web_and_worker_stand_on_one_page(shared: Run) -> None:
    def read() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{shared.port}/metrics") as response:
            text: str = response.read().decode()
            return text

    urllib.request.urlopen(f"http://127.0.0.1:{shared.port}/accounts/login/").close()
    # The worker finds the jobs of the two seeded organizations, and nothing left to do in them.
    job = 'orchestrall_jobs_total{state="success",task="tenants.tasks.provision_organization"} 2.0'
    wait_until(lambda: job in read(), shared)
    assert 'orchestrall_http_requests_total{method="GET",route="accounts/login/",status="200"}' in read()
