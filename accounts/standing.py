"""Where people read what moderators decided about them and why, and object: also those who cannot sign in.

Whoever signs in to an account that a suspension or a ban has closed has proved who they are, whatever the
way, but no session is theirs. They get a ticket for this page, in a session that is nobody's.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import sign_in_first
from accounts.export import export_person
from accounts.models import User
from chat.actions import appeals, moderation
from chat.actions.standing import closed_by_sanction, note_read
from chat.errors import ChatError
from chat.models import Sanction
from chat.models.sanction import REASON_MOST
from chat.sidebar import sidebar
from chatscape.answers import patient, see_other, wants_json
from chatscape.rates import address_of, check

TICKET = "standing"
TICKET_AGE = timedelta(minutes=30)
LISTED = 100
_signer = TimestampSigner(salt="accounts.standing")

P = ParamSpec("P")


def kept_out(request: HttpRequest, person: User) -> HttpResponse | None:
    """Return where somebody goes who has proved who they are and may not come in; None when they may.

    A suspension that has ended is lifted here.
    """
    if person.is_active or moderation.reopen(person=person):
        person.is_active = True
        return None
    # Whatever this session was, it is nobody's now.
    request.session.flush()
    if not closed_by_sanction(person):
        return redirect("account_inactive")
    request.session[TICKET] = _signer.sign(str(person.pk))
    return redirect("standing")


def _person(request: HttpRequest) -> User | None:
    """Return who is signed in, or who has a ticket and still cannot sign in."""
    if isinstance(request.user, User):
        return request.user
    try:
        person_id = UUID(_signer.unsign(request.session.get(TICKET, ""), max_age=TICKET_AGE))
    except (BadSignature, TypeError, ValueError):
        return None
    return User.objects.filter(pk=person_id, is_active=False).first()


def _theirs(
    view: Callable[Concatenate[HttpRequest, User, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Give a view whom the page is about; whoever nobody knows has to sign in."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        person = _person(request)
        return sign_in_first(request) if person is None else view(request, person, *args, **kwargs)

    return checked


@never_cache
@require_safe
@_theirs
def standing(request: HttpRequest, person: User) -> HttpResponse:
    """What was decided about the person, the newest first."""
    return _page(request, person)


@require_POST
@_theirs
def standing_read(request: HttpRequest, person: User) -> HttpResponse:
    """Note that the person has read it: no page tells them of it any more."""
    note_read(person)
    return see_other("standing")


@require_POST
@_theirs
def standing_appeal(request: HttpRequest, person: User, sanction_id: UUID) -> HttpResponse:
    """Ask for a decision to be looked at again."""
    words = request.POST.get("words", "")
    try:
        check("appeal", person=person.pk, address=address_of(request))
        appeals.appeal(person=person, sanction_id=sanction_id, words=words)
    except ChatError as error:
        if wants_json(request) or error.status == 404:
            raise
        refused = {"sanction": sanction_id, "words": words, "why": error.message}
        return patient(_page(request, person, refused=refused, status=error.status), error)
    return see_other("standing")


@require_POST
@_theirs
def standing_export(request: HttpRequest, person: User) -> HttpResponseBase:
    """The data of somebody who is kept out; others find the way to it in their profile."""
    if person.is_active:
        return see_other("data")
    name = f"chatscape-{timezone.now():%Y-%m-%d}.zip"
    return FileResponse(export_person(person), as_attachment=True, filename=name)


@require_POST
def standing_leave(request: HttpRequest) -> HttpResponse:
    """Forget who has a ticket: others may use this device next."""
    request.session.pop(TICKET, None)
    return see_other("account_login")


def _page(
    request: HttpRequest, person: User, *, refused: dict[str, object] | None = None, status: int = 200
) -> HttpResponse:
    decided = Sanction.objects.of(person).select_related("appeal")[:LISTED]
    context = {
        "person": person,
        "sanctions": [(each, _headline(each), _period(each)) for each in decided],
        "refused": refused,
        "words_most": REASON_MOST,
    }
    if person.is_active:
        return render(request, "accounts/standing.html", {**sidebar(person), **context}, status=status)
    return render(request, "accounts/standing_closed.html", context, status=status)


def _headline(sanction: Sanction) -> str:
    kind = Sanction.Kind
    return {
        kind.WARNING: _("You were warned"),
        kind.REMOVAL: _("Messages of yours were removed"),
        kind.MUTE: _("You were muted"),
        kind.SUSPENSION: _("Your account was suspended"),
        kind.BAN: _("Your account was closed"),
    }[kind(sanction.kind)]


def _period(sanction: Sanction) -> str:
    """Say in one word whether it still holds: the page adds the moments."""
    if sanction.lifted_at and sanction.lifted_at != sanction.ends_at:
        return "lifted"
    if sanction.is_over:
        return "over"
    return "until" if sanction.ends_at else "open" if sanction.kind in Sanction.LASTING else ""
