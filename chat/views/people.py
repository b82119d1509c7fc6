"""Blocking and reporting people, and the list of who is blocked."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.models import User
from chat.actions.contacts import block_person, person_behind, report_person, unblock_person
from chat.errors import ChatError, contact_not_found
from chat.forms import ReportForm, refuse
from chat.models import Block
from chat.sidebar import sidebar
from chatscape.answers import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contact_block(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Block somebody, after asking."""
    if request.method == "POST":
        block_person(blocker=request.user, contact_id=contact_id)
        return see_other("blocked")
    person = person_behind(request.user, contact_id)
    context = {**sidebar(request.user), "person": person, "contact_id": contact_id}
    return render(request, "chat/contact_block.html", context)


@require_POST
@signed_in
def contact_unblock(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Hear from a contact again."""
    unblock_person(blocker=request.user, person=person_behind(request.user, contact_id))
    return see_other("contact", contact_id)


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


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contact_report(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Tell the moderators about somebody."""
    person = person_behind(request.user, contact_id)
    form = ReportForm(request.POST if request.method == "POST" else None)
    sent = False
    if form.is_bound:
        try:
            report_person(
                reporter=request.user, contact_id=contact_id, context=request.POST.get("context", "")
            )
            sent = True
        except ChatError as error:
            refuse(form, error)
    context = {
        **sidebar(request.user),
        "person": person,
        "contact_id": contact_id,
        "form": form,
        "sent": sent,
    }
    return render(request, "chat/contact_report.html", context, status=422 if form.errors else 200)
