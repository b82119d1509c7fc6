"""The devices where somebody is signed in: noted when they sign in, told when they were last seen, ended."""

import logging
import time
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.device_names import device_of
from accounts.models import Device, DeviceLink, User
from chat import events
from chat.errors import NotFound

logger = logging.getLogger(__name__)

# How old it may be when a device was last seen: a request, or an open socket, writes it once in this time.
SEEN_EVERY = timedelta(minutes=5)
# Whoever was seen since then is here. A minute more: nobody is looked at exactly on time.
ACTIVE = SEEN_EVERY + timedelta(minutes=1)
# Sessions that are over go a few at a time, whenever somebody signs in.
PRUNED_AT_ONCE = 100


@receiver(user_logged_in, dispatch_uid="accounts.devices")
def note_device(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Keep what somebody has just signed in with; whichever way they did."""
    from accounts.sessions import SINCE

    session = request.session
    session[SINCE] = int(time.time())
    if not session.session_key:
        # Somebody else was signed in: that session has ended.
        session.create()
    prune()
    this_device(request, user, anew=True)


def this_device(request: HttpRequest, person: User, *, anew: bool = False) -> Device:
    """Return the device that asks; `anew` when it has just signed in."""
    named, now = device_of(request.META.get("HTTP_USER_AGENT", "")), timezone.now()
    what = {**named._asdict(), "person": person, "by_link": False, "signed_in_at": now, "seen_at": now}
    # A session that was made otherwise has no device yet.
    recent.add(request.session.session_key or "")
    take = Device.objects.update_or_create if anew else Device.objects.get_or_create
    return take(session_id=request.session.session_key, defaults=what)[0]


def devices_of(person: User) -> QuerySet[Device]:
    """Return where somebody is signed in, the one last seen first."""
    return Device.objects.filter(person=person, session__expire_date__gt=timezone.now()).order_by(
        "-seen_at", "-signed_in_at"
    )


def is_active(device: Device) -> bool:
    return device.seen_at > timezone.now() - ACTIVE


class Recent:
    """Sessions that asked for a page in the last minutes, as this process knows: they are written no more."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._until = 0.0

    def add(self, session_key: str) -> bool:
        """Return whether the session is new here."""
        moment = time.monotonic()
        if moment >= self._until:
            self._keys, self._until = set(), moment + SEEN_EVERY.total_seconds()
        if session_key in self._keys:
            return False
        self._keys.add(session_key)
        return True


recent = Recent()


def seen_again(session_key: str) -> None:
    """Note that a device is in use, unless that was done some minutes ago; nothing is asked for it."""
    if not recent.add(session_key):
        return
    now = timezone.now()
    try:
        with transaction.atomic():
            # Perhaps another process has.
            old = Device.objects.filter(session=session_key, seen_at__lt=now - SEEN_EVERY / 2)
            old.update(seen_at=now)
    except DatabaseError as error:
        # The page is more important.
        logger.warning("Nobody noted when a device was seen: %s", type(error).__name__)


def seen_connected(session_keys: Collection[str]) -> None:
    """Note that devices with open sockets are in use."""
    Device.objects.filter(session__in=session_keys).update(seen_at=timezone.now())


@transaction.atomic
def end_device(*, person: User, device_id: UUID) -> None:
    """Sign one device out. Raises `NotFound` when it is not the person's."""
    if not _end(Device.objects.filter(person=person, id=device_id)):
        raise NotFound(_("There is nothing here, or you may not see it."))


@transaction.atomic
def end_devices(*, person: User, but: str | None = None) -> int:
    """Sign all devices out but the session `but`, take back links for more of them, and count them."""
    DeviceLink.objects.filter(device__person=person).delete()
    return _end(Device.objects.filter(person=person).exclude(session=but))


def _end(devices: QuerySet[Device]) -> int:
    found = list(devices.values_list("person", "session"))
    # Devices and their links go with them, and those whose session was deleted by hand.
    Session.objects.filter(pk__in=[key for _person, key in found]).delete()
    Device.objects.filter(session__in=[key for _person, key in found]).delete()
    for person, key in found:
        events.session_ended(person, key)
    return len(found)


def prune() -> None:
    """Delete some of the sessions that are over, and links that nobody asks for any more."""
    now = timezone.now()
    try:
        with transaction.atomic():
            over = Session.objects.filter(expire_date__lte=now).order_by("expire_date")
            if keys := list(over.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
                Session.objects.filter(pk__in=keys).delete()
            DeviceLink.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    except DatabaseError as error:
        # Somebody else who signs in does the same; whoever is next does it again.
        logger.info("Sessions that are over were not deleted: %s", type(error).__name__)


def forget_lost(person: User) -> None:
    """Delete devices of a person whose session was deleted by hand."""
    alive = Session.objects.filter(pk=OuterRef("session_id"))
    Device.objects.filter(~Exists(alive), person=person).delete()
