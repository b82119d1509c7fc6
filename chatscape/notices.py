"""What was just done, told on the next page: where it waits until then."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookieStorage(CookieStorage):
    """A signed cookie that, with https, no other host can have set (RFC 6265bis, 4.1.3)."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]
        return "__Host-messages" if settings.SESSION_COOKIE_SECURE else "messages"


class NoticeStorage(FallbackStorage):
    """That cookie, or the session for what is too long for it."""

    storage_classes = (HostCookieStorage, SessionStorage)
