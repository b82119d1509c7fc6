"""Pages about errors."""

import sys

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from chat.errors import ChatError, Forbidden, NotFound, unavailable
from chatscape.answers import error_answer
from chatscape.middleware import is_database_gone


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old; what was typed is still in the page before."""
    return error_answer(
        request, Forbidden(_("This page was open for too long. Go back, reload it and try again."))
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_answer(request, ChatError(_("The server could not understand this request.")))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_answer(request, Forbidden(_("You may not do this.")))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_answer(request, NotFound(_("There is nothing here, or you may not see it.")))


class ServerError(ChatError):
    code = "server_error"
    status = 500


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke, or that the database is gone."""
    if is_database_gone(sys.exc_info()[1]):
        return error_answer(request, unavailable())
    words = _("Something went wrong on our side. It has been noted. Try again in a moment.")
    return error_answer(request, ServerError(words))
