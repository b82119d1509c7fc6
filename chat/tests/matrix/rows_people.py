"""Contacts, requests, blocking and reports."""

from chat.tests.matrix.row import DONE_BY_ME, MINE, OWN, SIGN_IN, Row, Rows, page, shared

CONTACT = "/contacts/{}/"

ROWS: Rows = {
    "contacts": page("/contacts/", OWN),
    "contact-new": page("/contacts/new/", OWN, (SIGN_IN, 422, 422, 422)),
    "blocked": page("/contacts/blocked/", OWN),
    "unblock": lambda it: shared("/contacts/blocked/{}/unblock/", it.erin, post=DONE_BY_ME),
    "contact": lambda it: shared(CONTACT, it.contact, get=MINE),
    "contact-edit": lambda it: shared(f"{CONTACT}edit/", it.contact, get=MINE, post=DONE_BY_ME, name="Uncle"),
    "contact-withdraw": lambda it: shared(f"{CONTACT}withdraw/", it.waiting, post=DONE_BY_ME),
    "contact-accept": lambda it: shared(f"{CONTACT}accept/", it.request, post=DONE_BY_ME),
    "contact-block": lambda it: shared(f"{CONTACT}block/", it.contact, get=MINE, post=DONE_BY_ME),
    "contact-unblock": lambda it: shared(f"{CONTACT}unblock/", it.contact, post=DONE_BY_ME),
    "contact-report": lambda it: shared(
        f"{CONTACT}reports/", it.contact, get=MINE, post=(SIGN_IN, 404, 404, 200), context="rude"
    ),
    "reports": page("/reports/", OWN, (SIGN_IN, 303, 303, 303)),
    "report": lambda it: shared("/reports/{}/", it.report, get=MINE),
    "report-block": lambda it: shared("/reports/{}/block/", it.report, post=DONE_BY_ME),
    # Who follows their own invitation is led home. That of somebody who blocks one is of no use.
    "join": lambda it: Row(
        f"/join/{it.code}/", (200, 200, 200, 302), (200, 302, 302, 302), but={"blocked": (200, 404)}
    ),
}
