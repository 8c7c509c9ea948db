"""Attach to the embedded servers: whoever comes first starts them, whoever leaves last stops them.

Two files are locked with `flock`, so that the kernel keeps the books and a killed process drops out by itself:
`start.lock` is held alone while somebody decides to start or stop, `users.lock` is shared by all who are attached.
Servers that nobody stopped (everyone was killed) serve the next one who attaches, who then stops them.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

from orchestrall.embedded import postgres as postgres_server
from orchestrall.embedded import redis_server
from orchestrall.embedded.files import make_var, var_dir, write_private
from orchestrall.embedded.info import Info, connection_info, read_run_file, run_file


class Wanted(NamedTuple):
    """Which kinds of servers are wanted."""

    postgres: bool
    redis: bool


class Attached:
    """A share in the running servers. Use it with `with`, or call `close()`."""

    def __init__(self, info: Info, users_lock: IO[str], *, started: bool) -> None:
        self.info = info
        self.started = started
        """Whether this call started any of the servers."""
        self._users_lock = users_lock

    def close(self) -> None:
        """Let go of the servers; the last one to do so stops them and waits until they are gone."""
        if self._users_lock.closed:
            return
        with _locked(self.info.var / "start.lock"):
            try:
                # An upgrade of our own share: it succeeds only when nobody else holds one.
                fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._users_lock.close()
                return
            _stop(self.info)
            self._users_lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def ensure_running(
    var: Path | None = None, *, postgres: bool = True, redis: bool = True, durable: bool = True
) -> Attached:
    """Attach to the servers of `var`, starting those that do not run. `durable=False` is for tests.

    `postgres` and `redis` say which kinds are wanted: the other one may be a real server.
    Raises EmbeddedError when they cannot be started.
    """
    info = connection_info(var or var_dir())
    make_var(info.var)
    with _locked(info.var / "start.lock"):
        users_lock = _open(info.var / "users.lock")
        fcntl.flock(users_lock, fcntl.LOCK_SH)
        try:
            started = _start_missing(info, Wanted(postgres, redis), durable=durable)
        except BaseException:
            users_lock.close()
            raise
        _write_run_file(info)
    return Attached(info, users_lock, started=started)


def is_running(var: Path | None = None) -> bool:
    """Whether all three servers of `var` run."""
    info = connection_info(var or var_dir())
    return postgres_server.is_alive(info) and all(map(redis_server.is_alive, redis_server.servers(info)))


def note(var: Path, **facts: Any) -> None:
    """Record further facts about the running installation (ports, process ids) in `run.json`."""
    write_private(run_file(var), json.dumps(read_run_file(var) | facts, indent=2) + "\n")


def _start_missing(info: Info, wanted: Wanted, *, durable: bool) -> bool:
    missing_redis = [
        server
        for server in redis_server.servers(info, durable=durable)
        if wanted.redis and not redis_server.is_alive(server)
    ]
    for server in missing_redis:
        redis_server.start(server, info.var)
    missing_postgres = wanted.postgres and not postgres_server.is_alive(info)
    if missing_postgres:
        postgres_server.start(info, durable=durable)
    return missing_postgres or bool(missing_redis)


def _stop(info: Info) -> None:
    postgres_server.stop(info)
    for server in redis_server.servers(info):
        redis_server.stop(server)
    run_file(info.var).unlink(missing_ok=True)


def _write_run_file(info: Info) -> None:
    main, cache = redis_server.servers(info)
    note(
        info.var,
        superuser_url=info.superuser_url,
        redis_url=info.redis_url,
        cache_redis_url=info.cache_redis_url,
        postgres_pid=postgres_server.process_id(info),
        redis_pid=redis_server.process_id(main),
        cache_pid=redis_server.process_id(cache),
    )


def _open(path: Path) -> IO[str]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _open(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
