"""`GET /metrics`: the numbers of all processes, for whoever knows the token."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes
from django.views.decorators.http import require_safe

from chatscape.headers import BARE
from chatscape.metrics.exposition import CONTENT_TYPE, text
from chatscape.metrics.reporter import reporter
from chatscape.metrics.snapshots import added

PATH = "/metrics"


def metrics_answer(request: HttpRequest) -> HttpResponse | None:
    """Answer a scrape; None for other addresses, and for whoever does not know the token.

    It asks neither the database nor Redis: it answers when they are gone.
    """
    if request.path != PATH or request.method not in ("GET", "HEAD") or not _may_read(request):
        return None
    response = HttpResponse(text(added(reporter.read())), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    for name, value in BARE.items():
        response[name] = value
    return response


@require_safe
def nowhere(request: HttpRequest) -> HttpResponse:
    """Answer all others: there is no such page."""
    raise Http404


def _may_read(request: HttpRequest) -> bool:
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return bool(
        settings.METRICS_TOKEN
        and scheme.lower() == "bearer"
        and constant_time_compare(
            force_bytes(given.strip(), "latin1", errors="replace"), settings.METRICS_TOKEN
        )
    )
