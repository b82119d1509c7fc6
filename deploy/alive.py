"""Ask the server on this machine, or in this container, whether it lives: `alive.py [--wait SECONDS]`.

The image's health check runs it every few seconds: it starts no more of Python than it needs.
"""

import os
import socket
import sys
import time


def status(port: int, timeout: float = 4) -> bytes:
    """Return the status line of `/health/live`; nothing when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(100).split(b"\r\n")[0]
    except OSError:
        return b""


def main(patience: float) -> bool:
    """Say whether it lives, after waiting for that for so many seconds at most."""
    until = time.monotonic() + patience
    while b" 200 " not in status(int(os.environ.get("PORT") or 8000)) + b" ":
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


if __name__ == "__main__":
    sys.exit(not main(float(sys.argv[2]) if sys.argv[1:2] == ["--wait"] else 0))
