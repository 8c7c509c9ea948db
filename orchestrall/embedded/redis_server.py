"""The two embedded Redis servers, each on a Unix socket of its own."""

import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from orchestrall.embedded.files import make_socket_dir
from orchestrall.embedded.info import Info
from orchestrall.embedded.programs import EmbeddedError, exists, is_gone, redis_program, wait_until


@dataclass(frozen=True)
class RedisServer:
    """One server: its socket, its folder and what differs between the two."""

    name: str
    socket: Path
    folder: Path
    options: dict[str, str]


def servers(info: Info, *, durable: bool = True) -> list[RedisServer]:
    """Return the two servers. Broker and limits are never evicted and, when durable, are saved at the end."""
    main = {"maxmemory": "512mb", "maxmemory-policy": "noeviction", "save": "300 1" if durable else '""'}
    cache = {"maxmemory": "128mb", "maxmemory-policy": "allkeys-lru", "save": '""'}
    return [
        RedisServer("redis", info.redis_socket, info.var / "redis", main),
        RedisServer("cache", info.cache_socket, info.var / "redis-cache", cache),
    ]


def start(server: RedisServer, var: Path) -> None:
    """Start the server and wait until it answers."""
    make_socket_dir(var)
    server.folder.mkdir(exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": _quoted(server.socket),
        "unixsocketperm": "700",
        "dir": _quoted(server.folder),
        "logfile": _quoted(server.folder / "server.log"),
        "loglevel": "warning",
        "daemonize": "yes",
        "databases": "1",
        **server.options,
    }
    # By standard input: as an argument, Redis 6.2 takes `save 300 1` for no `save` at all, and says nothing.
    result = subprocess.run(
        [str(redis_program()), "-"],
        input="".join(f"{name} {value}\n" for name, value in options.items()),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise EmbeddedError(f"Redis ({server.name}) did not start: {(result.stdout + result.stderr).strip()[-500:]}")
    wait_until(lambda: _ask(server, "PING") == "+PONG", f"Redis ({server.name}) did not answer, see {server.folder}")


def stop(server: RedisServer) -> None:
    """Stop the server and wait until its process is gone; nothing happens when it does not run."""
    pid = process_id(server)
    if pid is None:
        return
    _ask(server, "SHUTDOWN")
    wait_until(lambda: not exists(pid) or is_gone(pid), f"Redis ({server.name}, process {pid}) did not end.")


def is_alive(server: RedisServer) -> bool:
    """Whether the server answers, even if only to say that it is loading."""
    return _ask(server, "PING") is not None


def process_id(server: RedisServer) -> int | None:
    """Return the process id of the running server."""
    for line in (_ask(server, "INFO server") or "").splitlines():
        if line.startswith("process_id:"):
            return int(line.partition(":")[2])
    return None


def _quoted(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)


def _ask(server: RedisServer, command: str) -> str | None:
    """Send one inline command and return the answer's text, None when nobody listens.

    The redis client is not used: importing it takes longer than all of this.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        try:
            connection.connect(str(server.socket))
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(65536).decode(errors="replace").strip()
        except (FileNotFoundError, ConnectionError, TimeoutError):
            return None
