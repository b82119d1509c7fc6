"""Contacts: the list, somebody new, the details."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Subquery, UUIDField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.models import User
from chat.actions.contacts import accept_contact, add_contact, rename_contact, withdraw_contact
from chat.errors import ChatError, contact_not_found
from chat.forms import ContactForm, ContactNameForm, refuse
from chat.models import Block, Contact, Membership, Report, Room
from chat.models.contact import ContactQuerySet
from chat.sidebar import REQUESTS_MOST, search_words, sidebar
from chat.site import absolute_url
from chat.views.search import searching
from chatscape.answers import form_answer, see_other
from chatscape.rates import check_request

CONTACTS_MOST = 500


@require_safe
@searching("contact-list")
@signed_in
def contact_list(request: SignedInRequest) -> HttpResponse:
    """All contacts by name; `?q=` searches names and addresses."""
    query = search_words(request)
    contacts = _with_room(Contact.objects.of(request.user), request.user)
    if query:
        contacts = contacts.matching(query)
    context: dict[str, Any] = {"contacts": contacts[:CONTACTS_MOST], "contact_query": query}
    # htmx names the target by tag and id: section#contact-list.
    if request.headers.get("HX-Target", "").rpartition("#")[2] == "contact-list":
        response = render(request, "chat/_contact_list.html", context)
    else:
        context |= {
            **sidebar(request.user),
            "requests": Contact.objects.requests_to(request.user)[:REQUESTS_MOST],
            "may_invite": request.user.runs_server,
        }
        response = render(request, "chat/contacts.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contact_new(request: SignedInRequest) -> HttpResponse:
    """Add somebody by name and e-mail."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_bound and form.is_valid():
        try:
            check_request("contact", request)
            # Who is new gets a mail.
            check_request("invite", request)
            contact = add_contact(owner=request.user, **form.cleaned_data)
        except ChatError as error:
            refuse(form, refusal := error)
        else:
            return see_other(contact)
    return form_answer(request, "chat/contact_new.html", {**sidebar(request.user), "form": form}, refusal)


@require_safe
@signed_in
def contact(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """One contact's details; while they have not answered, the link that invites them."""
    found = _own_contact(request, contact_id)
    invitation = getattr(found, "invitation", None)
    context = {
        **sidebar(request.user),
        "contact": found,
        "blocked": bool(found.person)
        and Block.objects.filter(blocker=request.user, blocked=found.person).exists(),
        "reported": bool(found.person)
        and Report.objects.filter(reporter=request.user, subject=found.person).exists(),
        "invitation_url": absolute(request, invitation.get_absolute_url())
        if invitation and not found.person
        else "",
    }
    return render(request, "chat/contact.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contact_edit(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Call a contact something else."""
    found = _own_contact(request, contact_id)
    form = ContactNameForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if form.is_bound and form.is_valid():
        return see_other(rename_contact(owner=request.user, contact_id=contact_id, **form.cleaned_data))
    context = {**sidebar(request.user), "contact": found, "form": form}
    return render(request, "chat/contact_edit.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def contact_withdraw(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Take an invitation back that nobody has accepted yet."""
    withdraw_contact(owner=request.user, contact_id=contact_id)
    return see_other("contacts")


@require_POST
@signed_in
def contact_accept(request: SignedInRequest, contact_id: UUID) -> HttpResponse:
    """Accept a request and open the conversation."""
    mine = accept_contact(actor=request.user, contact_id=contact_id)
    assert mine.person is not None  # noqa: S101 - accepting connects both
    return see_other("room", Room.objects.get(pair_key=Room.pair(request.user, mine.person)).id)


def absolute(request: HttpRequest, path: str) -> str:
    """Return the whole address of a page: the configured one, else as this request came."""
    return absolute_url(path) if settings.PUBLIC_URL else request.build_absolute_uri(path)


def _own_contact(request: SignedInRequest, contact_id: UUID) -> Contact:
    contacts = _with_room(Contact.objects.of(request.user), request.user)
    found = contacts.select_related("invitation").filter(id=contact_id).first()
    if found is None:
        raise contact_not_found()
    return found


def _with_room(contacts: ContactQuerySet, user: User) -> ContactQuerySet:
    """Annotate `room_id`: the direct room with the contact."""
    direct = Membership.objects.of(user).filter(peer=OuterRef("person"))
    # A foreign key in a subquery comes as the database keeps it: SQLite has no UUIDs.
    room_id = Subquery(direct.values("room")[:1], output_field=UUIDField())
    return contacts.annotate(room_id=room_id).select_related("person")
