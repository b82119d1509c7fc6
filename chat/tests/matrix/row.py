"""What a row says: an address, and the status each role gets there."""

from collections.abc import Callable
from typing import Any, NamedTuple

from chat.tests.matrix.roles import LIKE, PLACES, World, X

# The sign-in page; and the page that asks for the password again.
SIGN_IN = AGAIN = 302
Codes = tuple[int, int, int, int]
NO: Codes = (405, 405, 405, 405)
PUBLIC: Codes = (200, 200, 200, 200)
# What is everybody's own: the sign-in page for visitors, a page of their own for the others.
OWN: Codes = (SIGN_IN, 200, 200, 200)
MEMBERS: Codes = (SIGN_IN, 404, 200, 200)
MINE: Codes = (SIGN_IN, 404, 404, 200)
DONE_BY_MEMBERS: Codes = (SIGN_IN, 404, 303, 303)
DONE_BY_ME: Codes = (SIGN_IN, 404, 404, 303)
NOWHERE: Codes = (SIGN_IN, 404, 404, 404)
NOTHING: Codes = (404, 404, 404, 404)
ASKED_AGAIN: Codes = (SIGN_IN, AGAIN, AGAIN, AGAIN)


class Row(NamedTuple):
    """An address, with the status for a visitor, a stranger, a member, and whose it is.

    `nowhere` is the path with ids that do not exist. `but` is the status, for GET and POST, of roles that are
    not like others here (`roles.LIKE`).
    """

    path: str
    get: Codes
    post: Codes = NO
    typed: dict[str, Any] = {}
    nowhere: str = ""
    but: dict[str, tuple[int, int]] = {}

    def expected(self, method: str, role: str) -> int:
        """Return the status that somebody gets."""
        if role in self.but:
            return self.but[role][method == "post"]
        codes = self.post if method == "post" else self.get
        return codes[PLACES.index(LIKE.get(role, role))]


Rows = dict[str, Callable[[World], Row]]


def shared(path: str, *ids: object, get: Codes = NO, post: Codes = NO, **typed: Any) -> Row:
    """Return the row of a path with places for ids, which are not everybody's."""
    return Row(path.format(*ids), get, post, typed, path.format(*[X] * len(ids)))


def page(path: str, get: Codes, post: Codes = NO, **typed: Any) -> Callable[[World], Row]:
    """Return the row of a path that is the same for everybody."""
    return lambda it: Row(path, get, post, typed)
