"""The addresses of the embedded servers. They follow from the state folder alone, whether the servers run or not.

Only the demo provider has a port; it is read from `run.json`, where the running installation notes it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from orchestrall.embedded.files import socket_dir, var_dir

DATABASE = "orchestrall"
SUPERUSER = "postgres"


@dataclass(frozen=True)
class Info:
    """Addresses of one installation's servers. All of them are Unix sockets: no port is taken."""

    var: Path
    postgres_socket_dir: Path
    redis_socket: Path
    cache_socket: Path

    @property
    def redis_url(self) -> str:
        """The server that never evicts: limits, broker, channel layer, streams."""
        return f"unix://{quote(str(self.redis_socket))}"

    @property
    def cache_redis_url(self) -> str:
        """The server for the cache, which evicts what was used least recently."""
        return f"unix://{quote(str(self.cache_socket))}"

    @property
    def superuser_url(self) -> str:
        """The server as its superuser, in the database that every server has."""
        return self.url_of(SUPERUSER)

    def url_of(self, database: str, user: str = SUPERUSER) -> str:
        """Return the `postgresql://` URL of another database or user of the same server."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.postgres_socket_dir), safe='/')}"

    @property
    def demo_provider_url(self) -> str:
        """The address of the demo provider that `make run` has started, empty when none runs."""
        port = read_run_file(self.var).get("demo_provider_port")
        return f"http://127.0.0.1:{port}/v1" if port else ""


def connection_info(var: Path | None = None) -> Info:
    """Return the addresses for the state folder. Touches no file and starts nothing."""
    var = var or var_dir()
    folder = socket_dir(var)
    return Info(var, folder / "pg", folder / "redis.sock", folder / "cache.sock")


def socket_host(database_url: str) -> str:
    """Return the folder of the Unix socket that a `postgresql://…?host=/folder` URL names, else an empty string."""
    return parse_qs(urlsplit(database_url).query).get("host", [""])[0]


def run_file(var: Path) -> Path:
    """Return the file in which a running installation notes its addresses, ports and process ids."""
    return var / "run.json"


def read_run_file(var: Path) -> dict[str, Any]:
    """Return what the running installation has noted; empty when none runs."""
    try:
        content: dict[str, Any] = json.loads(run_file(var).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content
