"""What can go wrong on the way through a provider, and what the person is told."""

from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """The part of an error page's address that says which it is."""

    DENIED = "denied"
    STALE = "stale"
    EXPIRED = "expired"
    REFUSED = "refused"
    NO_EMAIL = "email"
    TAKEN = "taken"
    CLOSED = "closed"
    GONE = "gone"
    BROKEN = "broken"
    FAILED = "failed"
    OTHER = "other"


class Page(NamedTuple):
    """An error page: its status, heading and words, in which `%(name)s` is the provider."""

    status: HTTPStatus
    title: str | Promise
    words: str | Promise


PAGES = {
    Kind.DENIED: Page(
        HTTPStatus.FORBIDDEN,
        _("You were not signed in"),
        _("The sign-in was cancelled or refused at %(name)s."),
    ),
    Kind.STALE: Page(
        HTTPStatus.FORBIDDEN,
        _("This sign-in cannot go on"),
        _("It was finished already, took too long, or was started in another browser. Start again."),
    ),
    Kind.EXPIRED: Page(
        HTTPStatus.BAD_REQUEST,
        _("This sign-in took too long"),
        _("What %(name)s sent us is not valid any more. Start again."),
    ),
    Kind.FAILED: Page(
        HTTPStatus.BAD_REQUEST,
        _("You were not signed in"),
        _("%(name)s answered with an error. If it does so again, tell the people who run this server."),
    ),
    Kind.REFUSED: Page(
        HTTPStatus.FORBIDDEN,
        _("You were not signed in"),
        _("What %(name)s said about you could not be verified, so nobody was signed in."),
    ),
    Kind.NO_EMAIL: Page(
        HTTPStatus.FORBIDDEN,
        _("Your email is missing"),
        _("%(name)s did not tell us your email, and an account needs one. Add it there, then try again."),
    ),
    Kind.TAKEN: Page(
        HTTPStatus.CONFLICT,
        _("There is an account with your email"),
        _(
            "It is not certain that it is yours. Sign in the way you did before, then connect %(name)s in "
            "your profile. If you cannot, or the account is not yours, tell the people who run this server."
        ),
    ),
    Kind.CLOSED: Page(
        HTTPStatus.FORBIDDEN,
        _("By invitation only"),
        _(
            "New people join this server with an invitation link. Ask somebody who is already here for one, "
            "open it, then sign in with %(name)s."
        ),
    ),
    Kind.OTHER: Page(
        HTTPStatus.FORBIDDEN,
        _("It has to be you, and now"),
        _("%(name)s did not say that you have just signed in there. Try again, as yourself."),
    ),
    Kind.GONE: Page(
        HTTPStatus.SERVICE_UNAVAILABLE,
        _("%(name)s cannot be reached"),
        _("Sign-in with it does not work at the moment. Try again in a while."),
    ),
    Kind.BROKEN: Page(
        HTTPStatus.BAD_GATEWAY,
        _("%(name)s gave no usable answer"),
        _("Sign-in with it does not work now. If that stays so, tell the people who run this server."),
    ),
}


class Problem(Exception):
    """A sign-in ends here. The reason is for the log, and names no person, address or token."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason
