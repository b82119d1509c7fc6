"""`/metrics` is there for whoever knows the token, and for nobody else (OP10)."""

import pytest
from django.test import Client

from chatscape.accesses import noted
from chatscape.headers import BARE
from chatscape.metrics import catalogue

TOKEN = "a-token-for-this-test"


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = TOKEN
    return {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}


# No test here has a database: nothing asks it.
def test_it_answers_with_the_token_whatever_host_is_asked_for(client, settings, token):
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    settings.SECURE_SSL_REDIRECT = True

    response = client.get("/metrics", HTTP_HOST="10.0.0.7:8000", **token)

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert response["Cache-Control"] == "no-store"
    assert {name: response[name] for name in BARE} == BARE
    assert "chatscape_process_cpu_seconds_total" in response.text


@pytest.mark.parametrize(
    "given",
    [
        "",
        f"Bearer {TOKEN}x",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xff\xfe",
        f"Bearer {TOKEN[:-1]}",
    ],
)
@pytest.mark.django_db
def test_to_others_there_is_no_such_page(client, token, given):
    response, nothing = (client.get(path, HTTP_AUTHORIZATION=given) for path in ("/metrics", "/nothing"))

    assert (response.status_code, nothing.status_code) == (404, 404)
    assert "chatscape_" not in response.text.replace("chatscape_session", "")


@pytest.mark.django_db
def test_without_a_token_there_is_no_such_page(client, settings):
    settings.METRICS_TOKEN = ""

    for given in ("Bearer ", "Bearer", "Bearer None"):
        assert client.get("/metrics", HTTP_AUTHORIZATION=given).status_code == 404


def test_what_is_counted_of_a_request_is_its_name():
    noted("test-route", "BREW", "418", 0.1, "x")

    assert ("test-route", "OTHER", "4xx") in catalogue.requests.values


@pytest.mark.django_db
def test_routes_are_names_and_never_paths():
    seen: list[str] = []

    class Noting(Client):
        def request(self, **given):
            response = super().request(**given)
            seen.append(response.wsgi_request.META["chatscape.route"])
            return response

    client = Noting()
    for path in (
        "/join/very-secret-1/",
        "/join/very-secret-2/",
        "/x/very-secret/",
        "/health/live",
        "/?q=secret",
    ):
        client.get(path)

    assert seen == ["join", "join", "none", "health", "home"]
