"""Codes of authenticator apps and recovery codes: each works once."""

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.db import transaction

from accounts.models import User

RECOVERY_CODES, TOTP = Authenticator.Type.RECOVERY_CODES, Authenticator.Type.TOTP


@transaction.atomic
def use_code(user: User, code: str) -> Authenticator | None:
    """Use a code up; return what it came from, or None when it is not right or was used before.

    allauth remembers used codes of apps in the cache, for half a minute. A cache may forget, and a code is
    right for longer: what was used last is kept with the secret, and nothing older works again.
    """
    # Of two at the same moment the second waits, and finds the code used.
    rows = Authenticator.objects.select_for_update().filter(user=user, type__in=(TOTP, RECOVERY_CODES))
    for row in rows.order_by("-type"):
        if _use_totp(row, code) if row.type == TOTP else row.wrap().validate_code(code):
            row.user = user
            return row
    return None


def codes_left(row: Authenticator) -> int:
    """Count the recovery codes that have not been used, without reading them."""
    return int(app_settings.RECOVERY_CODE_COUNT) - int(row.data["used_mask"]).bit_count()


def _use_totp(row: Authenticator, code: str) -> bool:
    secret = decrypt(row.data["secret"])
    for step in yield_hotp_counters_from_time():
        right = compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step)))
        if right and step > row.data.get("used", 0):
            row.data["used"] = step
            row.save(update_fields=["data"])
            return True
    return False
