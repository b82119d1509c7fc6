"""Messages of a room: read pages of them, post, edit and delete."""

import uuid
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, signed_in
from chat.actions.messages import delete_message, edit_message, post_message
from chat.errors import ChatError, Invalid, message_not_found
from chat.forms import MessageForm, refuse
from chat.history import page_of
from chat.models import Message
from chat.render import message_json, messages_html
from chat.views.rooms import number, room_page
from chatscape.answers import error_answer, is_htmx, see_other, wants_json


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def messages(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    """GET: a page of messages, as fragments or JSON. POST: post one."""
    response = _post(request, room_id) if request.method == "POST" else _page(request, room_id)
    patch_vary_headers(response, ["Accept", "HX-Request"])
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, room_id: UUID, sequence: int) -> HttpResponse:
    """Change one's own message."""
    message = _own(request, room_id, sequence)
    form = MessageForm(request.POST if request.method == "POST" else None, initial={"body": message.body})
    if request.method == "POST":
        try:
            message = edit_message(
                actor=request.user, room_id=room_id, sequence=sequence, body=request.POST.get("body", "")
            )
        except ChatError as error:
            if wants_json(request) or not error.field:
                raise
            refuse(form, error)
        else:
            return _changed(request, message)
    status = 422 if form.errors else 200
    return render(request, "chat/message_edit.html", {"message": message, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def delete(request: SignedInRequest, room_id: UUID, sequence: int) -> HttpResponse:
    """Delete one's own message, after asking."""
    if request.method == "POST":
        return _changed(request, delete_message(actor=request.user, room_id=room_id, sequence=sequence))
    return render(request, "chat/message_delete.html", {"message": _own(request, room_id, sequence)})


def _page(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    if request.headers.get("Sec-Fetch-Mode") == "navigate" and not wants_json(request):
        # Somebody opens the address of a form that was refused: fragments are no page to look at.
        return see_other("room", room_id)
    asked = {name: number(request, name) for name in ("since", "before", "after", "limit")}
    page = page_of(request.user, room_id, **asked)
    if wants_json(request):
        found = [message_json(message) for message in page.messages]
        where = {"room": str(room_id), "revision": page.revision, "head": page.head, "more": page.more}
        return JsonResponse({**where, "messages": found})
    if not page.messages:
        return HttpResponse(status=204)
    return HttpResponse(messages_html(page.messages, request.user))


def _post(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    try:
        message = post_message(
            author=request.user,
            room_id=room_id,
            client_id=_client_id(request),
            body=request.POST.get("body", ""),
            reply_to=_reply_to(request),
        )
    except ChatError as error:
        if wants_json(request) or is_htmx(request) or error.status == 404:
            return error_answer(request, error)
        return room_page(request, room_id, form=_refused(request, error), status=error.status)
    if wants_json(request):
        return JsonResponse({"message": message_json(message)})
    if is_htmx(request):
        return HttpResponse(messages_html([message], request.user))
    return see_other(f"{message.room.get_absolute_url()}#m-{message.sequence}")


def _refused(request: HttpRequest, error: ChatError) -> MessageForm:
    """Return the form with what was typed and what is wrong, also when the hidden id is what is wrong."""
    data = request.POST.copy()
    if error.field == "client_id":
        # Sent again, this one would be refused for ever.
        data["client_id"] = str(uuid.uuid4())
    form = MessageForm(data)
    form.add_error("body", error.message)
    return form


def _changed(request: SignedInRequest, message: Message) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"message": message_json(message)})
    if is_htmx(request):
        return HttpResponse(messages_html([message], request.user))
    return see_other(f"{message.room.get_absolute_url()}#m-{message.sequence}")


def _own(request: SignedInRequest, room_id: UUID, sequence: int) -> Message:
    message = (
        Message.objects.filter(room__memberships__user=request.user, room=room_id, sequence=sequence)
        .filter(author=request.user, deleted_at=None)
        .select_related("author", "room")
        .first()
    )
    if message is None:
        raise message_not_found()
    return message


def _client_id(request: HttpRequest) -> UUID:
    """Return the id the form came with. A form without one is a new message each time."""
    form = MessageForm(request.POST)
    form.is_valid()
    if "client_id" in form.errors:
        raise Invalid("client_id must be a UUID", field="client_id")
    return form.cleaned_data.get("client_id") or uuid.uuid4()


def _reply_to(request: HttpRequest) -> int | None:
    value = request.POST.get("reply_to", "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else None
