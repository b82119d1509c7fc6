"""Blocking people, and the list of who is blocked."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.models import User
from chat.actions.contacts import block, message_of_another, person_behind, unblock_person
from chat.errors import contact_not_found
from chat.models import Block, Membership
from chat.sidebar import sidebar
from chat.views.reports import own_report
from chatscape.answers import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contact_block(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Block somebody, after asking."""
    return _block(request, person_behind(request.user, contact_id), back=reverse("contacts"))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def message_block(request: SignedInRequest, room_id: UUID, sequence: int) -> HttpResponse:
    """Block who wrote a message, after asking."""
    message = message_of_another(request.user, room_id, sequence)
    return _block(request, message.author, back=f"{reverse('room', args=[room_id])}#m-{sequence}")


@require_POST
@signed_in
def report_block(request: SignedInRequest, report_id: UUID) -> HttpResponse:
    """Block whom one has reported: the page with the button has said what it does."""
    person = own_report(request, report_id).subject
    if person is None:
        raise contact_not_found()
    return _block(request, person, back="")


@require_POST
@signed_in
def contact_unblock(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Hear from a contact again; `back` leads to their conversation."""
    person = person_behind(request.user, contact_id)
    unblock_person(blocker=request.user, person=person)
    place = (
        Membership.objects.of(request.user).filter(peer=person).first() if "back" in request.POST else None
    )
    return see_other("room", place.room_id) if place else see_other("contact", contact_id)


@require_safe
@signed_in
def blocked(request: SignedInRequest) -> HttpResponse:
    """Who is blocked, with the way back."""
    blocks = Block.objects.filter(blocker=request.user).select_related("blocked").order_by("-created_at")
    return render(request, "chat/blocked.html", {**sidebar(request.user), "blocks": blocks[:500]})


@require_POST
@signed_in
def unblock(request: SignedInRequest, person_id: UUID) -> HttpResponse:
    """Hear from somebody again who may be no contact."""
    person = User.objects.filter(id=person_id, blocked_by__blocker=request.user).first()
    if person is None:
        raise contact_not_found()
    unblock_person(blocker=request.user, person=person)
    return see_other("blocked")


def _block(request: SignedInRequest, person: User, *, back: str) -> HttpResponse:
    if request.method == "POST":
        block(blocker=request.user, person=person)
        return see_other("blocked")
    return render(
        request, "chat/person_block.html", {**sidebar(request.user), "person": person, "back": back}
    )
