"""A passkey and an authenticator app in a few lines, by their standards and not by our libraries' views."""

import base64
import hashlib
import hmac
import json
import secrets
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.models import User
from accounts.tests.people import PASSWORD

AGAIN, ADD, LOGIN = (
    "/accounts/reauthenticate/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/login/",
)
ACTIVATE, STEP = "/accounts/2fa/totp/activate/", "/accounts/2fa/authenticate/"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def visitor(**options: Any) -> Client:
    """Return a browser at http://localhost, where passkeys work."""
    return Client(SERVER_NAME="localhost", **options)


def recent(user: User) -> Client:
    """Return a person's browser, just after they typed their password."""
    client = visitor()
    client.force_login(user)
    assert client.post(AGAIN, {"password": PASSWORD, "next": "/profile/"}).status_code == 302
    return client


def sign_in(user: User, client: Client | None = None) -> Client:
    """Type address and password; a second step may be left."""
    client = client or visitor()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return what an app shows now, or some steps of half a minute later (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret.replace(" ", "")), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def set_up_app(client: Client) -> str:
    """Turn the authenticator app on with the code before this moment's; return its secret."""
    secret = str(client.get(ACTIVATE).context["form"].secret)
    answer = client.post(ACTIVATE, {"code": code_of(secret, steps=-1)})
    assert answer.status_code == 302, answer.context["form"].errors
    return secret


@dataclass
class Passkey:
    """A key in software, which signs whatever it is asked to."""

    origin: str = "http://localhost"
    domain: str = "localhost"
    verifies: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    owner: str = ""

    def make(self, asked: dict[str, Any]) -> str:
        """Answer the question for a new passkey."""
        options = asked["publicKey"]
        self.owner = options["user"]["id"]
        public = ES256.from_cryptography_key(self.key.public_key())
        made = self._data(AttestedCredentialData.create(b"\0" * 16, self.id, public))
        attestation = AttestationObject.create("none", made, {})
        return self._written(
            clientDataJSON=self._client("webauthn.create", options), attestationObject=bytes(attestation)
        )

    def answer(self, asked: dict[str, Any], **changes: Any) -> str:
        """Answer the question who is there."""
        client = self._client("webauthn.get", asked["publicKey"])
        data = bytes(self._data())
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, **changes}
        return self._written(**parts, userHandle=base64.urlsafe_b64decode(self.owner + "=="))

    def _data(self, made: AttestedCredentialData | None = None) -> AuthenticatorData:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | (ATTESTED if made else 0)
        return AuthenticatorData.create(hashlib.sha256(self.domain.encode()).digest(), flags, 0, made or b"")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _written(self, **parts: bytes) -> str:
        return json.dumps(
            {
                "id": _text(self.id),
                "rawId": _text(self.id),
                "type": "public-key",
                "clientExtensionResults": {"credProps": {"rk": True}},
                "response": {name: _text(part) for name, part in parts.items()},
            }
        )


def add_passkey(client: Client, passkey: Passkey | None = None, name: str = "My phone") -> Passkey:
    """Add a passkey to the account that is signed in."""
    passkey = passkey or Passkey()
    asked = json.loads(client.get(ADD).context["question"])
    answer = client.post(ADD, {"name": name, "credential": passkey.make(asked)})
    assert answer.status_code == 302, answer.context["form"].errors
    return passkey


def asked_at_the_door(client: Client) -> dict[str, Any]:
    """Return what the sign-in page asks a passkey."""
    found: dict[str, Any] = client.get(LOGIN, headers={"accept": "application/json"}).json()
    return found


def held(user: User) -> list[str]:
    return sorted(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
