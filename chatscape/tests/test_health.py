"""Health checks tell load balancers the truth, whatever host they ask for."""

import pytest
from django.db import OperationalError, connection

from chatscape.testing.parts import free_port

LIVE, READY = "/health/live", "/health/ready"


class Gone:
    """A database that cannot be reached."""

    def __enter__(self):
        raise OperationalError("could not connect to server at secret-host")

    def __exit__(self, *_error: object) -> None: ...


@pytest.fixture
def no_database(monkeypatch):
    monkeypatch.setattr(connection, "cursor", Gone)


def test_a_process_that_answers_lives_without_a_database(client):
    # Without the `db` fixture any query would fail the test.
    response = client.get(LIVE)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_says_which_parts_are_there(client, settings):
    settings.REDIS_URL = ""

    response = client.get(READY)

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "redis": "not configured"}


@pytest.mark.django_db
def test_without_the_database_nothing_can_be_served(client, settings, no_database):
    settings.REDIS_URL = ""

    response = client.get(READY)

    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": "gone", "redis": "not configured"}
    assert client.get(LIVE).status_code == 200


@pytest.mark.django_db
def test_without_redis_messages_only_arrive_later(client, settings):
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{free_port()}/0"

    response = client.get(READY)

    assert response.status_code == 200
    assert response.json() == {"status": "degraded", "database": "ok", "redis": "gone"}


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.0.0.7", "10.0.0.7:8000", "evil.example.org", "_invalid_", ""])
@pytest.mark.parametrize("path", [LIVE, READY])
def test_any_host_is_answered(client, settings, path, host):
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    settings.REDIS_URL = ""

    assert client.get(path, HTTP_HOST=host).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["evil.example.org", "_invalid_"])
def test_other_pages_answer_their_own_hosts_alone(client, settings, host):
    settings.ALLOWED_HOSTS = ["chat.example.org"]

    assert client.get("/", HTTP_HOST=host).status_code == 400
    assert client.get("/", HTTP_HOST="chat.example.org").status_code == 200


@pytest.mark.parametrize("path", [LIVE])
def test_answers_are_not_kept(client, path):
    assert client.get(path)["Cache-Control"] == "no-store"
    assert client.head(path).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health", "/health/", "/health/live/", "/health/x"])
def test_nothing_else_is_a_health_check(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_no_address_or_password_is_told(client, settings, no_database):
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{free_port()}/0"

    text = client.get(READY).text

    assert "hunter2" not in text
    assert "secret-host" not in text
