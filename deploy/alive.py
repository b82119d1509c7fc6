"""Ask the server in this container whether it lives: the image's health check.

It runs every few seconds: it starts no more of Python than it needs.
"""

import os
import socket
import sys


def status(port: int, timeout: float = 4) -> bytes:
    """Return the status line of `/health/live`; nothing when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(100).split(b"\r\n")[0]
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(b" 200 " not in status(int(os.environ.get("PORT") or 8000)) + b" ")
