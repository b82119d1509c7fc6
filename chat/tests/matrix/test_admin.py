"""Every page of the admin site against everybody: only staff come in, and moderators see less (MO8).

The addresses come from the resolver: one that has no row here fails the test.
"""

import re
from types import SimpleNamespace

import pytest

from chat.actions.appeals import appeal
from chat.actions.audit import record
from chat.models import AuditEntry, Filter
from chat.tests.matrix.roles import ROLES, RUN_THE_SERVER, SECRET, STAFF
from chat.tests.matrix.rows import routes
from chat.tests.matrix.test_urls import everything, is_visitor, send
from chat.tests.situations import HTMX, JSON

# What a moderator gets, and who runs the server: for GET and for POST with an empty form.
Codes = tuple[tuple[int, int], tuple[int, int]]
LISTED: Codes = ((200, 200), (200, 200))
NOT_FOR_MODERATORS: Codes = ((403, 403), (200, 200))
NEVER: Codes = ((403, 403), (403, 403))
LEADS_ON: Codes = ((302, 302), (302, 302))
TO_THE_LOG: Codes = ((403, 403), (303, 303))
# A form without a decision, or about something that has changed meanwhile.
DECIDED: Codes = ((200, 409), (200, 409))


def part(app: str, model: str, **differs: Codes) -> dict[str, Codes]:
    """Return the rows of a model of which rows are looked at, and never added or deleted."""
    rows = {"changelist": LISTED, "add": NEVER, "history": TO_THE_LOG, "delete": NEVER, "change": DECIDED}
    named = {f"{app}_{model}_{page}": codes for page, codes in {**rows, **differs}.items()}
    return {**named, f"admin/{app}/{model}/<path:object_id>/": LEADS_ON}


ROWS: dict[str, Codes] = {
    "index": LISTED,
    "login": ((302, 200), (302, 200)),
    "logout": LEADS_ON,
    "password_change": LEADS_ON,
    "password_change_done": LEADS_ON,
    "app_list": LEADS_ON,
    "admin/(?P<url>.*)$": ((404, 404), (404, 404)),
    **part("chat", "report"),
    **part("chat", "sanction"),
    **part("chat", "appeal"),
    **part(
        "chat",
        "auditentry",
        changelist=NOT_FOR_MODERATORS,
        export=NOT_FOR_MODERATORS,
        # The list has everything there is.
        change=((404, 404), (404, 404)),
    ),
    **part(
        "chat",
        "filter",
        add=((403, 403), (200, 422)),
        change=((200, 403), (200, 422)),
    ),
    **part("accounts", "user", changelist=NOT_FOR_MODERATORS, change=((403, 403), (200, 409))),
}
ROUTES = {name: route for name, route in routes() if route.startswith("admin/")}


@pytest.fixture
def path_of(it):
    """Return a function from a row to an address of something that is there."""
    word = Filter.objects.create(kind="word", pattern="spam", action="block")
    objection = appeal(person=it.people["author"], sanction_id=it.warning, words=SECRET)
    record(actor=it.people["owner"], action="tested")
    ids = {
        "report": it.report,
        "sanction": it.warning,
        "appeal": objection.pk,
        "auditentry": AuditEntry.objects.first().pk,
        "filter": word.pk,
        "user": it.people["member"].pk,
    }

    def find(name: str) -> str:
        route = ROUTES[name].replace("(?P<url>.*)", "nothing")
        route = re.sub(r"\(\?P<app_label>(\w*)[^)]*\)", r"\1", route)
        model = re.match(r"admin/\w+/(\w+)/", route)
        return "/" + re.sub(r"<[^>]*>|[\^$]", lambda it: str(ids[model[1]]) if it[0][0] == "<" else "", route)

    return find


def test_every_page_has_a_row():
    assert set(ROUTES) - set(ROWS) == set(), "new pages: say who may see them"
    assert set(ROWS) <= set(ROUTES), "rows without a page"


@pytest.mark.parametrize("name", ROWS)
def test_moderators_and_those_who_run_the_server_see_their_parts(it, path_of, name):
    path = path_of(name)
    for role in STAFF:
        client, (get, post) = it.browser(role), ROWS[name][role in RUN_THE_SERVER]
        assert client.get(path).status_code == get, role
        assert send(client, SimpleNamespace(path=path, typed={})).status_code == post, role


@pytest.mark.parametrize("role", [role for role in ROLES if role not in STAFF])
def test_nobody_else_learns_what_is_there(it, path_of, role):
    client = it.browser(role)
    before = everything()
    for name in ROWS.keys() - {"login", "logout"}:
        path = path_of(name)
        for headers in ({}, HTMX, JSON):
            for response in (client.get(path, **headers), client.post(path, {}, **headers)):
                # The same for whatever address, also for those that do not exist.
                assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={path}")
                assert SECRET not in response.text
    assert everything() == before

    door = client.get("/admin/login/", follow=True)
    assert door.status_code == (200 if is_visitor(role) else 403)


@pytest.mark.parametrize("role", STAFF)
def test_looking_changes_nothing(it, path_of, role):
    client = it.browser(role)
    before = everything()
    for name in ROWS.keys() - {"chat_auditentry_export"}:
        client.get(path_of(name))

    assert everything() == before


@pytest.mark.parametrize("role", STAFF)
def test_the_forms_need_the_token_of_their_page(it, path_of, role):
    client = it.browser(role, enforce_csrf_checks=True)
    before = everything()
    for name in ROWS.keys() - {"logout"}:
        assert client.post(path_of(name), {"decision": "ban", "reason": "no"}).status_code == 403, name

    assert everything() == before
