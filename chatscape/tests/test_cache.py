"""Without Redis the cache forgets; nobody is kept out for it."""

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from accounts.tests.people import PASSWORD, make_user


@pytest.fixture
def redis_cache(redis_server):
    backend = {
        "BACKEND": "chatscape.cache.TolerantRedisCache",
        "LOCATION": redis_server.url,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    with override_settings(CACHES={"default": backend}):
        yield redis_server


def test_it_keeps_what_it_is_given(redis_cache):
    cache.set("word", "kept")

    assert cache.get("word") == "kept"
    assert cache.add("word", "other") is False
    assert cache.delete("word") is True


def test_without_redis_it_answers_as_if_empty(redis_cache):
    cache.set("word", "kept")
    redis_cache.kill()

    assert cache.get("word", "nothing") == "nothing"
    cache.set("word", "lost")
    assert cache.add("word", "lost") is True
    assert cache.delete("word") is False
    assert cache.incr("count", 3) == 3


@pytest.mark.django_db
def test_people_sign_in_while_redis_is_gone(redis_cache):
    user = make_user("Alice")
    redis_cache.kill()
    client = Client()

    response = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(user.id)
