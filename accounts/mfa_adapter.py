"""What ChatScape decides for allauth's passkeys, authenticator apps and recovery codes."""

import base64

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.passkeys import passkeys_at


class MFAAdapter(DefaultMFAAdapter):
    """What things are called, what passkeys are bound to, and how secrets are kept."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("That did not work. Try again."),
        "cannot_generate_recovery_codes": gettext_lazy(
            "Recovery codes are for people with a passkey or an authenticator app."
        ),
    }

    def get_totp_issuer(self) -> str:
        return f"ChatScape {passkeys_at(context.request).domain}"

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": passkeys_at(context.request).domain, "name": "ChatScape"}

    def encrypt(self, text: str) -> str:
        """Keep a secret so that whoever gets hold of the database alone cannot use it."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read a secret. Raises `ValidationError` when the server's key is not the one it was kept with."""
        try:
            return _fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise self.validation_error("incorrect_code") from error


def _fernet() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = (salted_hmac("accounts.mfa", "", secret=secret, algorithm="sha256") for secret in secrets)
    return MultiFernet(Fernet(base64.urlsafe_b64encode(key.digest())) for key in keys)
