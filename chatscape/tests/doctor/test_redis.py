"""Doctor beside a Redis that is broken in earnest: it tells how to mend it, in time."""

import time

from chatscape.doctor import between
from chatscape.doctor.examination import Options
from chatscape.tests.doctor.conftest import errors


def test_redis_that_is_there_is_heard(redis_server, settings):
    settings.REDIS_URL = redis_server.url

    told = [each.text for each in between.look(Options())]

    assert errors(between.look(Options())) == []
    assert any("is heard after" in text for text in told)
    assert any("clock agrees" in text for text in told)


def test_redis_that_is_stopped(redis_server, settings):
    settings.REDIS_URL = redis_server.url
    redis_server.stop()

    [told] = errors(between.look(Options()))

    assert told.startswith("Redis cannot be used")


def test_redis_that_hangs(redis_server, settings):
    settings.REDIS_URL = redis_server.url
    redis_server.pause()
    try:
        began = time.monotonic()
        [told] = errors(between.look(Options()))
        assert time.monotonic() - began < 15
    finally:
        redis_server.resume()

    assert told.startswith("Redis cannot be used")


def test_redis_that_has_another_password(redis_server, settings):
    settings.REDIS_URL = redis_server.url.replace(redis_server.password, "hunter2")

    assert errors(between.look(Options())) == ["Redis wants another password."]


def test_redis_that_is_nearly_full(redis_server, settings):
    import redis

    settings.REDIS_URL = redis_server.url
    with redis.Redis.from_url(redis_server.url) as client:
        used = int(client.info()["used_memory"])
        client.config_set("maxmemory", int(used * 1.1))

    assert any(each.level == "warning" and "of its memory" in each.text for each in between.look(Options()))


def test_several_processes_need_redis(settings):
    settings.REDIS_URL, settings.WEB_CONCURRENCY = "", 4

    [told] = errors(between.look(Options()))

    assert told.startswith("4 processes without Redis")
