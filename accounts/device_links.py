"""Links that let one more device in: shown as a QR code on a device that is signed in, opened on another.

A link works once and for four hours, and only while the device that made it is signed in, with the same
password. Its token follows from the link's random id and the server's secret, so that the page can show
it again; kept is its hash, which is no use to a reader of the database.
"""

import base64
import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from accounts.models import Device, DeviceLink, User

LIFETIME = timedelta(hours=4)
# Cells around a code without which cameras do not find it.
QUIET = 4


@transaction.atomic
def make_link(device: Device) -> DeviceLink:
    """Make a link; the one that this device made before stops working."""
    DeviceLink.objects.filter(device=device).delete()
    link = DeviceLink(device=device, password=_password(device.person))
    link.digest, link.expires_at = _digest(_token(link)), link.created_at + LIFETIME
    link.save(force_insert=True)
    return link


def cancel_link(device: Device) -> None:
    DeviceLink.objects.filter(device=device).delete()


def link_of(device: Device) -> DeviceLink | None:
    """Return the link of a device if it was used, or can be."""
    link = DeviceLink.objects.filter(device=device).select_related("device__person", "used_by").first()
    return link if link and (link.used_at or _works(link)) else None


def usable_link(token: str) -> DeviceLink | None:
    """Return the link if it works now, with whom it signs in; looking does not use it."""
    found = DeviceLink.objects.filter(digest=_digest(token), used_at=None).select_related("device__person")
    link = found.filter(device__session__expire_date__gt=timezone.now()).first()
    return link if link and _works(link) else None


@transaction.atomic
def use_link(token: str) -> DeviceLink | None:
    """Use a link up; of several at the same moment one gets it, the others nothing."""
    link = usable_link(token)
    # The row itself: the database looks again after waiting for a rival.
    if link and DeviceLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()):
        return link
    return None


def note_used(link: DeviceLink, device: Device) -> None:
    """Keep which device came in with a link, for the one that made it."""
    Device.objects.filter(pk=device.pk).update(by_link=True)
    DeviceLink.objects.filter(pk=link.pk).update(used_by=device)


def link_url(request: HttpRequest, link: DeviceLink) -> str:
    path = reverse("device-link", args=[_token(link)])
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def qr_path(text: str) -> tuple[int, str]:
    """Return the width of a QR code in cells, and the black ones as the path of an SVG."""
    code = QRCode(border=QUIET, error_correction=ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    cells = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, black in enumerate(row) if black)
    return len(rows), "".join(cells)


def _token(link: DeviceLink) -> str:
    mac = salted_hmac("accounts.device_links.token", link.pk.hex, algorithm="sha256")
    return base64.urlsafe_b64encode(mac.digest()).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _password(person: User) -> str:
    hashed = person.get_session_auth_hash()
    return salted_hmac("accounts.device_links.password", hashed, algorithm="sha256").hexdigest()


def _works(link: DeviceLink) -> bool:
    person = link.device.person
    return (
        person.is_active
        and link.expires_at > timezone.now()
        and constant_time_compare(link.password, _password(person))
    )
