"""The embedded servers: started once, shared, stopped by the last, and closed to everybody else."""

import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest
import redis

from orchestrall import embedded
from orchestrall.embedded import postgres, redis_server
from orchestrall.embedded.files import make_socket_dir, socket_dir
from orchestrall.embedded.programs import POSTGRES_VERSION, EmbeddedError, postgres_bin


@contextmanager
def state_folder() -> Iterator[Path]:
    """A folder short enough for the sockets to lie inside; whatever still runs there is adopted and stopped."""
    folder = Path(tempfile.mkdtemp(prefix="o-"))
    yield folder
    embedded.ensure_running(folder, durable=False).close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """Shared by the tests of this file, each of which stops what it starts: making a cluster takes a second."""
    with state_folder() as folder:
        yield folder


@pytest.fixture
def fresh_var() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


def server_processes(var: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(var) in command and b"pytest" not in command:
                found.append(int(entry.name))
    return found


def hold(var: Path, pipe: Connection) -> None:
    """Attach in a process of its own until told to let go."""
    with embedded.ensure_running(var, durable=False) as attached:
        pipe.send(attached.started)
        pipe.recv()


def start_holder(var: Path) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(var, there))
    process.start()
    return process, here


@pytest.mark.promise("OPS-1")
def test_both_kinds_of_server_answer_and_vector_is_there(var: Path) -> None:
    with embedded.ensure_running(var, durable=False) as attached:
        with psycopg.connect(attached.info.superuser_url) as connection:
            row = connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone()
            assert row == (POSTGRES_VERSION,)
            connection.execute("CREATE EXTENSION vector")
            assert connection.execute("SELECT '[1,2]'::vector").fetchone() == ("[1,2]",)
        for url in (attached.info.redis_url, attached.info.cache_redis_url):
            assert redis.Redis.from_url(url).ping()


def test_the_broker_never_evicts_and_the_cache_does(var: Path) -> None:
    with embedded.ensure_running(var, durable=False) as attached:
        main = redis.Redis.from_url(attached.info.redis_url).config_get("maxmemory-policy")
        cache = redis.Redis.from_url(attached.info.cache_redis_url).config_get("maxmemory-policy")
    assert main == {"maxmemory-policy": "noeviction"}
    assert cache == {"maxmemory-policy": "allkeys-lru"}


def test_nothing_listens_on_a_port(var: Path) -> None:
    with embedded.ensure_running(var, durable=False) as attached:
        with psycopg.connect(attached.info.superuser_url) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert redis.Redis.from_url(attached.info.redis_url).config_get("port") == {"port": "0"}


def test_the_second_one_attaches_and_only_the_last_one_stops(var: Path) -> None:
    first = embedded.ensure_running(var, durable=False)
    second = embedded.ensure_running(var, durable=False)
    assert (first.started, second.started) == (True, False)
    first.close()
    assert embedded.is_running(var)
    second.close()
    assert not embedded.is_running(var)
    assert server_processes(var) == []


def test_two_processes_that_come_at_once_start_one_set_of_servers(var: Path) -> None:
    holders = [start_holder(var) for _ in range(3)]
    started = [pipe.recv() for _, pipe in holders]
    for process, pipe in holders:
        pipe.send("go")
        process.join(30)
    assert sorted(started) == [False, False, True]
    assert server_processes(var) == []


def test_servers_of_a_killed_process_are_adopted_and_stopped(var: Path) -> None:
    process, pipe = start_holder(var)
    assert pipe.recv() is True
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    with embedded.ensure_running(var, durable=False) as attached:
        assert not attached.started
    assert server_processes(var) == []


def test_a_server_that_was_killed_is_started_again(var: Path) -> None:
    with embedded.ensure_running(var, durable=False) as attached:
        pid = redis_server.process_id(redis_server.servers(attached.info)[0])
        assert pid
        os.kill(pid, signal.SIGKILL)
        while redis_server.is_alive(redis_server.servers(attached.info)[0]):
            pass
        with embedded.ensure_running(var, durable=False) as again:
            assert again.started
            assert redis.Redis.from_url(again.info.redis_url).ping()


def test_a_database_that_was_killed_is_started_again(var: Path) -> None:
    with embedded.ensure_running(var, durable=False) as attached:
        pid = postgres.process_id(attached.info)
        assert pid
        os.kill(pid, signal.SIGKILL)
        while postgres.is_alive(attached.info):
            pass
        with embedded.ensure_running(var, durable=False) as again, psycopg.connect(again.info.superuser_url):
            assert again.started


def test_data_survives_a_stop(fresh_var: Path) -> None:
    with embedded.ensure_running(fresh_var) as attached:
        with psycopg.connect(attached.info.superuser_url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        redis.Redis.from_url(attached.info.redis_url).set("kept", "yes")
    with embedded.ensure_running(fresh_var) as attached:
        with psycopg.connect(attached.info.superuser_url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        assert redis.Redis.from_url(attached.info.redis_url).get("kept") == b"yes"


def test_an_interrupted_first_start_is_begun_again(fresh_var: Path) -> None:
    info = embedded.connection_info(fresh_var)
    (postgres.data_dir(info) / "base").mkdir(parents=True)
    with embedded.ensure_running(fresh_var, durable=False):
        assert embedded.is_running(fresh_var)


def test_a_cluster_of_another_version_is_refused_by_name(fresh_var: Path) -> None:
    data = postgres.data_dir(embedded.connection_info(fresh_var))
    data.mkdir()
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 16"):
        embedded.ensure_running(fresh_var, durable=False)
    shutil.rmtree(data)


def test_the_programs_are_those_of_the_server_that_runs() -> None:
    for program in ("pg_dump", "psql"):
        said = subprocess.run(
            [postgres_bin() / program, "--version"], capture_output=True, text=True, check=True
        ).stdout
        assert f" {POSTGRES_VERSION}." in said


def test_secrets_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first = embedded.secret_key(tmp_path)
    assert embedded.secret_key(tmp_path) == first
    assert len(first) > 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_the_run_file_is_private_and_gone_after_the_stop(var: Path) -> None:
    with embedded.ensure_running(var, durable=False):
        embedded.note(var, port=8123)
        assert embedded.read_run_file(var)["port"] == 8123
        assert stat.S_IMODE((var / "run.json").stat().st_mode) == 0o600
    assert not (var / "run.json").exists()


def test_nobody_else_may_enter_the_folder_of_the_database_socket(var: Path) -> None:
    with embedded.ensure_running(var, durable=False) as attached:
        assert stat.S_IMODE(attached.info.postgres_socket_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE(attached.info.redis_socket.stat().st_mode) == 0o700


def test_socket_paths_stay_short_however_deep_the_state_folder_is(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a-rather-long-folder-name"] * 6)
    folder = socket_dir(deep)
    assert len(os.fsencode(folder / "pg/.s.PGSQL.5432.lock")) < 100
    assert socket_dir(deep / "other") != folder


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    deep = tmp_path / "/".join(["a-rather-long-folder-name"] * 6)
    (tmp_path / "elsewhere").mkdir()
    socket_dir(deep).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        make_socket_dir(deep)


def test_importing_is_cheap() -> None:
    loaded = (
        "import sys, orchestrall.embedded as e; print([m for m in ('django', 'psycopg', 'redis') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
