"""The embedded PostgreSQL: one cluster under `var/postgres`, reachable over a Unix socket only."""

import os
import shlex
import shutil
from contextlib import suppress
from pathlib import Path

from orchestrall.embedded.files import make_socket_dir
from orchestrall.embedded.info import SUPERUSER, Info
from orchestrall.embedded.programs import (
    POSTGRES_VERSION,
    EmbeddedError,
    is_gone,
    let_read,
    let_through,
    postgres_bin,
    run_postgres_program,
    stand_in,
    wait_until,
)

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # A tenant's schema is dropped and migrated in one transaction: forty tables with their indexes and sequences.
    "max_locks_per_transaction": "512",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "600s",
}
# Only for tests: the data need not outlive the machine's next crash.
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def data_dir(info: Info) -> Path:
    """Return the folder of the cluster."""
    return info.var / "postgres"


def start(info: Info, *, durable: bool) -> None:
    """Start the server, making the cluster on first use. `durable=False` is for tests."""
    data, user = data_dir(info), stand_in()
    _make_folders(info)
    if user:
        let_through(data)
        let_through(postgres_bin())
        let_read(postgres_bin().parent)
    _require_version(data)
    fresh = not (data / "PG_VERSION").exists()
    if fresh:
        _make_cluster(data, durable=durable)
    _forget_uncollected(info)
    settings = SETTINGS if durable else SETTINGS | UNSAFE_SETTINGS
    options = ["-k", str(info.postgres_socket_dir)]
    for name, value in settings.items():
        options += ["-c", f"{name}={value}"]
    log = str(data / "server.log")
    try:
        run_postgres_program("pg_ctl", "-w", "-t", "60", "-D", str(data), "-l", log, "-o", shlex.join(options), "start")
    except EmbeddedError as error:
        raise EmbeddedError(f"PostgreSQL did not start, see {log}. {error}") from error


def stop(info: Info) -> None:
    """Stop the server, ending open sessions; nothing happens when it does not run."""
    if is_alive(info):
        run_postgres_program("pg_ctl", "-w", "-t", "60", "-m", "fast", "-D", str(data_dir(info)), "stop")


def is_alive(info: Info) -> bool:
    """Whether the server process of this cluster exists."""
    pid = process_id(info)
    return pid is not None and _is_postgres(pid, data_dir(info))


def process_id(info: Info) -> int | None:
    """Return the process id that the cluster's lock file names; the process may be gone."""
    try:
        return int((data_dir(info) / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether `pid` is the server of this cluster: after a crash of the machine the number may be anyone's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists():  # macOS has no /proc
        return True
    return os.fsencode(data) in command.read_bytes()


def _forget_uncollected(info: Info) -> None:
    """Remove the lock files of a killed server that nobody has collected.

    In a container whose first process collects no orphans the dead server stays as a zombie, and PostgreSQL takes it
    for a living one. Its sessions notice the death and end; they must be gone before another server touches the data.
    """
    pid = process_id(info)
    if pid is None or not is_gone(pid):
        return
    wait_until(lambda: not _sessions(info), "Sessions of a killed PostgreSQL server did not end.")
    (info.postgres_socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    (data_dir(info) / "postmaster.pid").unlink()


def _sessions(info: Info) -> list[Path]:
    """Processes that work in the folder of the cluster, as PostgreSQL's do."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink() == data_dir(info):
                found.append(link)
    return found


def _make_folders(info: Info) -> None:
    make_socket_dir(info.var)
    user = stand_in()
    for folder in (data_dir(info), info.postgres_socket_dir):
        folder.mkdir(exist_ok=True, mode=0o700)
        if user and folder.stat().st_uid != user.pw_uid:
            os.chown(folder, user.pw_uid, user.pw_gid)


def _require_version(data: Path) -> None:
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if found != str(POSTGRES_VERSION):
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, the embedded one is {POSTGRES_VERSION}: move the folder away."
        )


def _make_cluster(data: Path, *, durable: bool) -> None:
    # A folder without PG_VERSION is one that an interrupted start left behind.
    for leftover in data.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    # Trust is right here: the socket lies in a folder that only its owner may enter.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
    sync = [] if durable else ["--no-sync"]
    run_postgres_program("initdb", "--auth=trust", "-U", SUPERUSER, "-D", str(data), *locale, *sync)
