"""PostgreSQL and Redis that come with the product, for a machine that has neither.

Nothing in here runs when `DATABASE_URL` and `REDIS_URL` name real servers. Importing is cheap: no Django, no drivers.
"""

from orchestrall.embedded.attach import Attached, ensure_running, is_running, note
from orchestrall.embedded.files import make_socket_dir, make_var, secret, secret_key, var_dir
from orchestrall.embedded.info import DATABASE, Info, connection_info, read_run_file, socket_host
from orchestrall.embedded.programs import EmbeddedError, postgres_bin

__all__ = [
    "DATABASE",
    "Attached",
    "EmbeddedError",
    "Info",
    "connection_info",
    "ensure_running",
    "is_running",
    "make_socket_dir",
    "make_var",
    "note",
    "postgres_bin",
    "read_run_file",
    "secret",
    "secret_key",
    "socket_host",
    "var_dir",
]
