"""Reporting somebody, and what became of one's reports."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import SignedInRequest, signed_in
from chat.actions.reports import Occasion, about_contact, about_message, about_room, mark_seen, report
from chat.errors import ChatError, Invalid, NotFound
from chat.evidence import offered
from chat.forms import ReportForm, refuse
from chat.models import Block, Report
from chat.rows import MessageRow, as_time
from chat.sidebar import sidebar
from chatscape.answers import form_answer, see_other, wants_json
from chatscape.rates import check_request

LISTED = 200


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contact_report(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Report the person behind a contact or a request."""
    about = about_contact(request.user, contact_id)
    asked = about.kind == Report.Kind.REQUEST
    return _report(request, about, back=reverse("home") if asked else reverse("contact", args=[contact_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def room_report(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    """Report somebody in a conversation."""
    about = about_room(request.user, room_id)
    return _report(request, about, back=reverse("room", args=[room_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def message_report(request: SignedInRequest, room_id: UUID, sequence: int) -> HttpResponse:
    """Report who wrote a message."""
    about = about_message(request.user, room_id, sequence)
    return _report(request, about, back=f"{reverse('room', args=[room_id])}#m-{sequence}")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reports(request: SignedInRequest) -> HttpResponse:
    """Everything one has reported, the newest first. POST: one has seen what was decided."""
    if request.method == "POST":
        mark_seen(reporter=request.user)
        return see_other("reports")
    made = Report.objects.filter(reporter=request.user).defer("context")[:LISTED]
    news = any(one.is_news for one in made)
    return render(request, "chat/reports.html", {**sidebar(request.user), "reports": made, "news": news})


@require_safe
@signed_in
def report_page(request: SignedInRequest, report_id: UUID) -> HttpResponse:
    """What one has reported, and what was decided."""
    found = own_report(request, report_id)
    context = {
        **sidebar(request.user),
        "report": found,
        "messages_kept": [_shown(copy, request) for copy in found.evidence.get("messages", [])],
        "may_block": _may_block(request, found),
    }
    return render(request, "chat/report.html", context)


def own_report(request: SignedInRequest, report_id: UUID) -> Report:
    """Return a report of the person who asks; for all others it does not exist. Raises `NotFound`."""
    reports = Report.objects.filter(reporter=request.user, id=report_id)
    found = reports.select_related("subject", "room").first()
    if found is None:
        raise NotFound(_("report not found"))
    return found


def _report(request: SignedInRequest, about: Occasion, *, back: str) -> HttpResponse:
    """Show the form of a report, or take the report: all of them come here."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    context = {**sidebar(request.user), "about": about, "person": about.person, "back": back, "form": form}
    refusal = None
    if form.is_bound:
        try:
            check_request("report", request)
            made = report(reporter=request.user, about=about, **_told(request))
        except ChatError as error:
            # What was typed stays, whatever is wrong with it.
            if wants_json(request) or isinstance(error, NotFound):
                raise
            refuse(form, refusal := error)
            if error.field in form.fields:
                # On a phone it may be out of sight.
                form.fields[error.field].widget.attrs["autofocus"] = True
        else:
            if wants_json(request):
                return JsonResponse({"report": {"id": str(made.id), "state": made.state}})
            context |= {"report": made, "may_block": _may_block(request, made)}
            return render(request, "chat/report_sent.html", context)
    context |= _messages(request, about)
    return form_answer(request, "chat/report_new.html", context, refusal)


def _told(request: SignedInRequest) -> dict[str, Any]:
    picked = request.POST.getlist("messages")
    if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in picked):
        raise Invalid(_("%(field)s must be a whole number") % {"field": "messages"}, field="messages")
    return {
        "context": request.POST.get("context", ""),
        "reason": request.POST.get("reason", ""),
        "picked": {int(one) for one in picked},
    }


def _messages(request: SignedInRequest, about: Occasion) -> dict[str, Any]:
    """Return the message that is reported, and those that can be picked beside it."""
    if about.room is None:
        return {}
    picked = set(request.POST.getlist("messages"))
    rows = [_offer(row, request, picked) for row in offered(request.user, about.room.id, about.sequence)]
    return {
        "reported": next((row for row in rows if row["sequence"] == about.sequence), None),
        "offered": [row for row in rows if row["sequence"] != about.sequence],
        "open": bool(picked) or about.person is None,
    }


def _offer(row: MessageRow, request: SignedInRequest, picked: set[str]) -> dict[str, Any]:
    return {
        "sequence": row.sequence,
        "mine": row.author_id == request.user.id,
        "author_name": row.author_name,
        "body": row.body,
        "deleted": bool(row.deleted),
        "at": as_time(row.created),
        "picked": str(row.sequence) in picked,
    }


def _shown(copy: dict[str, Any], request: SignedInRequest) -> dict[str, Any]:
    """Return a copied message as the reporter saw it: not what it said before."""
    shown = {name: copy[name] for name in ("author_name", "body", "deleted", "picked")}
    return {**shown, "mine": copy["author"] == str(request.user.id), "at": parse_datetime(copy["created_at"])}


def _may_block(request: SignedInRequest, made: Report) -> bool:
    if made.subject is None:
        return False
    return not Block.objects.filter(blocker=request.user, blocked=made.subject).exists()
