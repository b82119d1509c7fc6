"""Messages of a room: read pages of them, post, edit and delete."""

import uuid
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, signed_in
from chat.actions.messages import delete_message, edit_message, post_message
from chat.errors import ChatError, Invalid, message_not_found
from chat.forms import MessageForm, refuse
from chat.history import page_of, place_of, stamp_of
from chat.models import Message, Room
from chat.render import message_json, messages_html
from chat.text import clean_body
from chat.views.rooms import Refused, number, room_page
from chatscape.answers import error_answer, form_answer, is_htmx, patient, see_other, wants_json
from chatscape.conditional import not_modified, stamped
from chatscape.metrics import catalogue
from chatscape.rates import check_request


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
    refusal = None
    message = _own(request, room_id, sequence)
    form = MessageForm(request.POST if request.method == "POST" else None, initial={"body": message.body})
    if request.method == "POST":
        try:
            check_request("send", request)
            message = edit_message(
                actor=request.user, room_id=room_id, sequence=sequence, body=request.POST.get("body", "")
            )
        except ChatError as error:
            if wants_json(request) or not (error.field or error.retry_after):
                raise
            refuse(form, refusal := error)
        else:
            return _changed(request, message)
    return form_answer(request, "chat/message_edit.html", {"message": message, "form": form}, refusal)


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
    place = place_of(request.user, room_id)
    stamp = repr([room_id, request.user.name, asked, place.head, place.peer_name])
    # In a direct room names and revision say all there is to know of the messages.
    if place.kind == Room.Kind.DIRECT and (fresh := not_modified(request, stamp)):
        return fresh
    page = page_of(request.user, room_id, place, **asked)
    if asked["since"] is not None:
        catalogue.catch_ups.observe(len(page.messages), "http")
    if place.kind != Room.Kind.DIRECT:
        stamp += repr(stamp_of(page.messages))
        if fresh := not_modified(request, stamp):
            return fresh
    if wants_json(request):
        found = [message_json(message) for message in page.messages]
        where = {"room": str(room_id), "revision": page.revision, "head": page.head, "more": page.more}
        response: HttpResponse = JsonResponse({**where, "messages": found})
    elif page.messages:
        response = HttpResponse(messages_html(page.messages, request.user))
    else:
        response = HttpResponse(status=204)
    return stamped(request, response, stamp)


def _post(request: SignedInRequest, room_id: UUID) -> HttpResponse:
    body = request.POST.get("body", "")
    post = partial(post_message, author=request.user, room_id=room_id, body=body, reply_to=_reply_to(request))
    plain = not (wants_json(request) or is_htmx(request))
    try:
        check_request("send", request)
        client_id = _client_id(request)
        message = post(client_id=client_id)
        if plain and message.body != (text := clean_body(body)):
            # The browser had kept the page with the form: other words under its id are another message.
            message = post(client_id=uuid.uuid5(client_id, text))
    except ChatError as error:
        if not plain or error.status == 404:
            return error_answer(request, error)
        page = room_page(request, room_id, refused=_refused(request, error), status=error.status)
        return patient(page, error)
    catalogue.posts.add("form")
    return _changed(request, message)


def _refused(request: HttpRequest, error: ChatError) -> Refused:
    """Return what was typed and what is wrong, also when the hidden id is what is wrong."""
    # Sent again, such an id would be refused for ever.
    client_id = uuid.uuid4() if error.field == "client_id" else _client_id(request)
    return Refused(client_id, request.POST.get("body", ""), error.message)


def _changed(request: SignedInRequest, message: Message) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"message": message_json(message)})
    if is_htmx(request):
        return HttpResponse(messages_html([message], request.user))
    return see_other(f"{reverse('room', args=[message.room_id])}#m-{message.sequence}")


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
    given = request.POST.get("client_id", "").strip()
    try:
        return UUID(given) if given else uuid.uuid4()
    except ValueError as error:
        raise Invalid("client_id must be a UUID", field="client_id") from error


def _reply_to(request: HttpRequest) -> int | None:
    value = request.POST.get("reply_to", "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else None
