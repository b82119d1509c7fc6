"""Health checks tell load balancers the truth, whatever host they ask for."""

import threading
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from chatscape import health, probes
from chatscape.probes import GONE, OK, Database, Probe
from chatscape.testing.processes import free_port

LIVE, READY = "/health/live", "/health/ready"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Nothing found before counts."""
    looks = {"database": probes.Database(), "redis": probes.Redis(), "storage": probes.Storage()}
    monkeypatch.setattr(health, "_probes", {name: Probe(look) for name, look in looks.items()})


@pytest.fixture
def no_database(monkeypatch):
    def gone():
        raise OperationalError("could not connect to server at secret-host")

    monkeypatch.setattr(probes, "_without_pool", gone)


def test_a_process_that_answers_lives_without_a_database(client):
    # Without the `db` fixture any query would fail the test.
    response = client.get(LIVE)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_says_which_parts_are_there(client, settings):
    settings.REDIS_URL = ""

    response = client.get(READY)

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "redis": "not configured", "storage": "ok"}


@pytest.mark.django_db
def test_without_the_database_nothing_can_be_served(client, settings, no_database):
    settings.REDIS_URL = ""

    response = client.get(READY)

    assert response.status_code == 503
    assert (response.json()["status"], response.json()["database"]) == ("unavailable", "gone")
    assert client.get(LIVE).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_without_all_tables_nothing_can_be_served(client, settings):
    settings.REDIS_URL = ""
    applied = MigrationRecorder.Migration.objects.filter(app="chat").order_by("-name").first()
    applied.delete()
    try:
        response = client.get(READY)
    finally:
        applied.save(force_insert=True)

    assert response.status_code == 503
    assert response.json()["database"] == "migrations missing"


@pytest.mark.django_db
def test_without_redis_messages_only_arrive_later(client, settings):
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{free_port()}/0"

    response = client.get(READY)

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["redis"]) == ("degraded", "gone")


@pytest.mark.django_db
def test_little_room_is_told(client, settings, monkeypatch):
    settings.REDIS_URL = ""
    monkeypatch.setattr(probes, "LITTLE_SPACE", 1 << 60)

    response = client.get(READY)

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["storage"]) == ("degraded", "degraded")


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_to_is_gone(client, settings):
    settings.REDIS_URL = ""
    settings.VAR_DIR = Path("/proc/self")

    response = client.get(READY)

    # Only the embedded database lives there.
    assert response.status_code == (503 if connection.vendor == "sqlite" else 200)
    assert response.json()["storage"] == "gone"


@pytest.mark.django_db
def test_whoever_is_to_end_is_not_ready_and_lives(client, monkeypatch):
    monkeypatch.setattr(health.Ending, "begun", True)

    response = client.get(READY)

    assert (response.status_code, response.json()) == (503, {"status": "stopping"})
    assert client.get(LIVE).status_code == 200


def test_what_hangs_holds_up_one_thread_and_nobody_for_long(monkeypatch):
    monkeypatch.setattr(probes, "PATIENCE", 0.1)
    thaw, looks = threading.Event(), []

    def frozen():
        looks.append(1)
        thaw.wait(20)
        return OK

    probe = Probe(frozen)
    started = time.monotonic()
    for _number in range(50):
        probe.begin()
        assert probe.found() == GONE
    # Only the first has waited.
    assert time.monotonic() - started < 2
    assert len(looks) == 1
    thaw.set()
    until = time.monotonic() + 5
    while probe.found() != OK and time.monotonic() < until:
        time.sleep(0.01)
    assert probe.found() == OK


def test_a_finding_counts_for_a_moment():
    now, looks = [100.0], []
    probe = Probe(lambda: looks.append(1) or OK, clock=lambda: now[0])
    for _number in range(20):
        probe.begin()
        assert probe.found() == OK
    assert len(looks) == 1
    now[0] += 1.1
    probe.begin()
    assert probe.found() == OK
    assert len(looks) == 2


@pytest.mark.django_db
def test_looking_leaves_no_connection(settings, monkeypatch):
    made = []
    kept = probes._without_pool
    monkeypatch.setattr(probes, "_without_pool", lambda: made.append(kept()) or made[-1])

    assert Database()() == OK

    assert [own.connection for own in made] == [None]


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
