"""What travels over a socket: JSON from the client; HTML or JSON to it. See docs/protocol.md."""

import json
import logging
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

from chat.errors import BadFrame, Invalid, TooLarge
from chat.realtime.socket import Event

HTML: Final = "chatscape.html"
JSON: Final = "chatscape.json"
PROTOCOLS: Final = (HTML, JSON)
FRAME_MOST: Final = 32 * 1024
REF_MOST: Final = 100
SEQUENCE_MOST: Final = 2**63 - 1
# How many characters of events one frame carries, unless a single one is longer.
BATCH_MOST: Final = 64 * 1024

logger = logging.getLogger(__name__)

Frame = dict[str, Any]


class TextFrame:
    """A frame for any number of sockets: its text, and its bytes on the wire, made once."""

    __slots__ = ("text", "wire")

    # The unmasked, unfragmented WebSocket frame (RFC 6455, 5.2).
    wire: bytes

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> bytes:
        # Asked once, while `wire` has no value: every look after that is a plain one.
        if name != "wire":
            raise AttributeError(name)
        payload = self.text.encode("utf-8", "replace")
        self.wire = WireFrame(Opcode.TEXT, payload).serialize(mask=False)
        return self.wire


def parse(text: str | None, data: bytes | None) -> Frame:
    """Return the JSON object a client sent. Raises `TooLarge` or `BadFrame`."""
    if text is None:
        raise BadFrame(_("Frames are text."))
    if len(text) > FRAME_MOST or len(text.encode("utf-8", "surrogatepass")) > FRAME_MOST:
        raise TooLarge(_("A frame has at most %(most)s bytes.") % {"most": FRAME_MOST})
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame(_("This is not JSON.")) from error
    if not isinstance(frame, dict):
        raise BadFrame(_("A frame is a JSON object."))
    return frame


def ref_of(frame: Frame) -> str | int | None:
    """Return the reference that the reply repeats, if it is a short string or a number."""
    ref = frame.get("ref")
    if isinstance(ref, str) and len(ref) <= REF_MOST and ref.isprintable():
        return ref
    return ref if isinstance(ref, int) and not isinstance(ref, bool) and abs(ref) <= SEQUENCE_MOST else None


def encode(value: Frame) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def event_frames(events: Iterable[Event], protocol: str) -> list[TextFrame]:
    """Encode events for a sub-protocol in as few frames as their order and size allow.

    In HTML a message is an article, and a frame has one or several; anything else is a notice, as
    JSON. An event that cannot be encoded is left out.
    """
    frames: list[TextFrame] = []
    together: list[str] = []
    articles = False

    def close() -> None:
        if together:
            frames.append(TextFrame(_together(together, articles, protocol)))
            together.clear()

    size = 0
    for event in events:
        try:
            text = event_text(event, protocol)
        except Exception as error:
            logger.warning("An event could not be told: %s", type(error).__name__)
            continue
        article = protocol != JSON and "html" in event
        if article != articles or size + len(text) > BATCH_MOST:
            close()
            articles, size = article, 0
        together.append(text)
        size += len(text)
    close()
    return frames


def _together(texts: list[str], articles: bool, protocol: str) -> str:
    if articles:
        return "".join(texts)
    if len(texts) == 1:
        return texts[0]
    return f'{{"{"events" if protocol == JSON else "notices"}":[{",".join(texts)}]}}'


def event_text(event: Event, protocol: str) -> str:
    """Encode one event for a sub-protocol."""
    name = event["name"]
    if "html" not in event:
        notice = {key: value for key, value in event.items() if key not in ("type", "group", "name")}
        return encode({"event" if protocol == JSON else "notice": name, **notice})
    if protocol != JSON:
        return str(event["html"])
    message = {**event["message"], "html": event["html"]}
    return encode({"event": name, "room": event["room"], "revision": event["revision"], "message": message})


def uuid_in(frame: Frame, field: str) -> UUID:
    """Return a UUID from a frame. Raises `Invalid`."""
    value = frame.get(field)
    try:
        return UUID(value if isinstance(value, str) and len(value) <= 45 else "")
    except ValueError as error:
        raise Invalid(_("%(field)s must be a UUID") % {"field": field}, field=field) from error


def number_in(frame: Frame, field: str, default: int | None = None) -> int | None:
    """Return a whole number from 0 to 2^63-1 from a frame, or the default. Raises `Invalid`."""
    value = frame.get(field, default)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= SEQUENCE_MOST:
        raise Invalid(_("%(field)s must be a whole number") % {"field": field}, field=field)
    return value


def needed_number_in(frame: Frame, field: str) -> int:
    """Return a number that must be there. Raises `Invalid`."""
    value = number_in(frame, field)
    if value is None:
        raise Invalid(_("%(field)s not provided") % {"field": field}, field=field)
    return value
