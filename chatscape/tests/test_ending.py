"""Whatever a request waits for, the server ends in time (see also chat/tests/realtime/test_server.py)."""

import json
import signal
import socket
import time

from chatscape.testing.processes import wait_until


def ask(server, path):
    client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    return client


def test_a_frozen_database_holds_nobody_up(serve, postgres_server):
    server = serve({"DATABASE_URL": postgres_server.url})
    assert server.get("/health/ready")[0] == 200
    postgres_server.pause()
    try:
        # More than there are threads.
        clients = [ask(server, "/") for _number in range(12)]
        # What needs no database is answered as ever, and who looks is told the truth, soon.
        assert server.get("/health/live")[0] == 200
        # A finding counts for a second.
        wait_until(lambda: server.get("/health/ready", timeout=2.5)[0] == 503, timeout=10, why="the truth")
        for _time in range(3):
            status, body = server.get("/health/ready", timeout=2.5)
            assert (status, json.loads(body)["database"]) == (503, "gone")
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(12) == 0
        assert time.monotonic() - started < 10
        for client in clients:
            # That it cannot be answered, or nothing: no half an answer.
            assert client.recv(100)[:12] in (b"", b"HTTP/1.1 503")
            client.close()
    finally:
        postgres_server.resume()
    assert "Traceback" not in server.last_words()
    # Machines ask all the time: what they are told is no line of the log each time.
    assert "/health/" not in server.last_words()


def test_a_kept_connection_that_does_nothing_holds_nobody_up(serve):
    server = serve()
    idle, half = ask(server, "/health/live"), socket.create_connection(("127.0.0.1", server.port), timeout=20)
    assert idle.recv(1000).startswith(b"HTTP/1.1 200")
    half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.process.poll() is not None, timeout=12)
    assert time.monotonic() - started < 6
    idle.close()
    half.close()
    assert "Traceback" not in server.last_words()
