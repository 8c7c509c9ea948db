"""Where the embedded servers keep their state, and the secrets they generate."""

import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from orchestrall.embedded.programs import EmbeddedError

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# PostgreSQL and the kernel allow 107 bytes for the path of a Unix socket; some tools stop at 103.
MAX_SOCKET_PATH = 100
LONGEST_SOCKET_NAME = "pg/.s.PGSQL.5432.lock"


def var_dir() -> Path:
    """Return the folder for all state (`ORCHESTRALL_VAR`, default `var`), absolute, not created."""
    return (BASE_DIR / os.environ.get("ORCHESTRALL_VAR", "var")).resolve()


def make_var(var: Path) -> None:
    """Create the state folder. Others may pass through it (PostgreSQL's user does, under root) but not list it."""
    var.mkdir(parents=True, exist_ok=True, mode=0o711)


def socket_dir(var: Path) -> Path:
    """Return the folder of the Unix sockets: inside `var`, or in the temporary folder when that path is too long."""
    inside = var / "sockets"
    if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) < MAX_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"orchestrall-{os.getuid()}-{digest}"


def make_socket_dir(var: Path) -> Path:
    """Create the folder of the sockets, and refuse one that somebody else has put there first."""
    folder = socket_dir(var)
    folder.mkdir(exist_ok=True, mode=0o711)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedError(f"{folder} belongs to somebody else; remove it or set ORCHESTRALL_VAR to a shorter path.")
    folder.chmod(0o711)
    return folder


def secret(var: Path, name: str) -> str:
    """Return the secret kept in `var/<name>`; the first call makes it, readable by its owner alone."""
    path = var / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        make_var(var)
    # Written beside and linked into place: two processes that start together end with the same secret.
    draft = path.with_name(f".{name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(64) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def secret_key(var: Path) -> str:
    """Return the generated SECRET_KEY of this installation."""
    return secret(var, "secret_key")


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
