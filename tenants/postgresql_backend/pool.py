"""What happens to a pooled connection on its way back (used from settings, imports no Django)."""

from __future__ import annotations

from typing import Any


def reset_connection(connection: Any) -> None:
    """Leave no tenant on a connection that waits in the pool.

    The next borrower sets its own place anyway; this is the second lock on the same door.
    """
    connection._orchestrall_position = None
    connection.execute("RESET ROLE; RESET search_path")
    if not connection.autocommit:
        connection.commit()
