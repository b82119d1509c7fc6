"""The pages of devices: where one is signed in, and letting one more in."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.device_links import (
    cancel_link,
    link_of,
    link_url,
    make_link,
    note_used,
    qr_path,
    usable_link,
    use_link,
)
from accounts.device_names import device_of
from accounts.devices import devices_of, end_device, end_devices, forget_lost, is_active, this_device
from accounts.models import Device
from accounts.oidc.sign_out import LogoutView
from chat.errors import NotFound
from chat.sidebar import sidebar
from chatscape.answers import see_other, wants_json

P = ParamSpec("P")
# Names by which a machine reaches itself, and nobody else reaches it.
HERE = ("localhost", "127.0.0.1", "::1")


def confirmed(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
) -> Callable[Concatenate[SignedInRequest, P], HttpResponse]:
    """Ask again who it is: signing others out, and letting one more in, is not for whoever finds this
    device unlocked (ASVS 7.5.2).
    """
    checked: Callable[Concatenate[SignedInRequest, P], HttpResponse]
    checked = reauthentication_required(view, app="accounts")
    return checked


@never_cache
@require_safe
@signed_in
def devices(request: SignedInRequest) -> HttpResponse:
    """Where one is signed in, and what to do about it."""
    this = this_device(request, request.user)
    forget_lost(request.user)
    found = [(device, is_active(device)) for device in devices_of(request.user)]
    link = link_of(this)
    context = {
        **sidebar(request.user),
        # This one first: people look for it.
        "devices": sorted(found, key=lambda row: row[0] != this),
        "this": this,
        "let_in": link if link and link.used_by else None,
    }
    return render(request, "accounts/devices.html", context)


@require_POST
@signed_in
@confirmed
def device_end(request: SignedInRequest, device_id: UUID) -> HttpResponse:
    """Sign one device out. Raises `NotFound` when it is not the person's."""
    if this_device(request, request.user).id == device_id:
        return _leave(request)
    end_device(person=request.user, device_id=device_id)
    messages.success(request, _("That device is signed out."))
    return see_other("devices")


@require_POST
@signed_in
@confirmed
def devices_end_others(request: SignedInRequest) -> HttpResponse:
    """Sign all devices out but this one."""
    count = end_devices(person=request.user, but=request.session.session_key)
    text = ngettext("%(count)d device is signed out.", "%(count)d devices are signed out.", count)
    messages.success(request, text % {"count": count})
    return see_other("devices")


@require_POST
@signed_in
@confirmed
def devices_end_all(request: SignedInRequest) -> HttpResponse:
    """Sign out everywhere, here too."""
    end_devices(person=request.user, but=request.session.session_key)
    return _leave(request)


def _leave(request: HttpRequest) -> HttpResponse:
    """Sign out here, and at the provider whom one came through."""
    response: HttpResponse = LogoutView.as_view()(request)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@confirmed
def device_new(request: SignedInRequest) -> HttpResponse:
    """Show a code for another device; make one or take it back."""
    this = this_device(request, request.user)
    if request.method == "POST":
        if "cancel" in request.POST:
            cancel_link(this)
            return see_other("devices")
        make_link(this)
        return see_other("device-new")
    return render(request, "accounts/device_new.html", {**sidebar(request.user), **_shown(request, this)})


@never_cache
@require_safe
@signed_in
def device_new_state(request: SignedInRequest) -> HttpResponse:
    """What to show instead of the code once it was used or is over; nothing while it waits."""
    this = this_device(request, request.user)
    link = link_of(this)
    if link and not link.used_at:
        return HttpResponse(status=204)
    return render(request, "accounts/_device_code.html", {"link": link})


def _shown(request: HttpRequest, this: Device) -> dict[str, object]:
    link = link_of(this)
    if link is None or link.used_at:
        return {"link": link}
    url = link_url(request, link)
    width, path = qr_path(url)
    only_here = urlsplit(url).hostname in HERE
    return {"link": link, "link_url": url, "qr_width": width, "qr_path": path, "only_here": only_here}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in on this device with a link from another; only the button uses it up."""
    link = usable_link(token)
    if link is None:
        return _gone(request)
    person = link.device.person
    if request.method == "POST" and request.user != person:
        used = use_link(token)
        if used is None:
            return _gone(request)
        get_adapter(request).login(request, person)
        note_used(used, this_device(request, person))
        return see_other("home")
    here = Device(**device_of(request.META.get("HTTP_USER_AGENT", ""))._asdict())
    return render(request, "accounts/device_link.html", {"person": person, "here": here})


def _gone(request: HttpRequest) -> HttpResponse:
    """Say that a link is unknown, used, over or taken back: which one is not told."""
    if wants_json(request):
        raise NotFound(_("This code does not work any more."))
    return render(request, "accounts/device_link.html", {"person": None}, status=404)
