"""Real servers start, survive what tests do to them, and leave nothing."""

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chatscape.testing import machine
from chatscape.testing.machine import Missing
from chatscape.testing.parts import start_postgres, start_redis


def test_a_program_that_is_nowhere_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CHATSCAPE_PARTS_IGNORE_SYSTEM", "1")
    monkeypatch.setenv("CHATSCAPE_PARTS", str(tmp_path))
    with pytest.raises(Missing, match="make parts"):
        machine.find("redis-server")


def test_postgres_keeps_what_it_acknowledged_when_killed():
    with start_postgres() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (number int)")
            connection.execute("INSERT INTO kept VALUES (7)")
            server.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        other = server.create_database("other")
        with psycopg.connect(other) as connection:
            assert connection.info.dbname == "other"
    assert not server.folder.exists()


def test_redis_paused_answers_nothing_until_it_goes_on(redis_server):
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.2, retry=None) as client:
        assert client.ping()
        redis_server.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        redis_server.resume()
        assert client.ping()


def test_redis_comes_back_at_the_same_address():
    with start_redis(durable=True) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "7")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("kept")
        server.start()
        assert client.get("kept") == b"7"
    assert not server.folder.exists()


def test_redis_asks_for_a_password(redis_server):
    with (
        redis.Redis(port=redis_server.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
