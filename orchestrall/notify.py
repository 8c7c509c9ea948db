"""Tell whoever started this process that it serves, by systemd's sd_notify protocol."""

import os
import socket


def notify_ready() -> None:
    """Send `READY=1` to `NOTIFY_SOCKET`; nothing happens when nobody asked."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # Linux' abstract names, which systemd may use
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.connect(address)
        connection.sendall(b"READY=1")
