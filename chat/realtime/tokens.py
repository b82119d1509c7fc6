"""Secrets named so that a reader of Redis cannot use them."""

from django.utils.crypto import salted_hmac


def fingerprint(secret: str) -> str:
    """Return what stands for a session key or a session's hash in an event."""
    return salted_hmac("chat.realtime", secret, algorithm="sha256").hexdigest()
