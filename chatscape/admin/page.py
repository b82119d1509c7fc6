"""A row's page in the admin site, and the forms on it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from chat.errors import ChatError, Conflict
from chatscape.admin.base import HouseAdmin
from chatscape.answers import see_other

Forms = dict[str, forms.Form]


class PageAdmin(HouseAdmin):
    """Rows with a page that says what there is to know, with forms that call actions.

    `forms` names the forms a moderator is given, `do` carries one out. What was typed stays when it is
    refused.
    """

    page_template: ClassVar[str]

    def forms(self, request: HttpRequest, row: Any, data: Mapping[str, Any] | None, doing: str) -> Forms:
        """Return the forms for this row; the one called `doing` was sent with `data`."""
        return {}

    def do(self, request: HttpRequest, row: Any, doing: str, typed: dict[str, Any]) -> str:
        """Carry out a form, and return what to tell the moderator. Raises `ChatError`."""
        raise NotImplementedError

    def after(self, request: HttpRequest, row: Any, doing: str) -> str:
        """Where to go when it is done: to the page itself, which knows the list one came from."""
        return request.get_full_path()

    def about_row(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the page's template wants to know."""
        return {}

    def title_of(self, row: Any) -> str:
        return str(row)

    def found(self, request: HttpRequest, object_id: str) -> Model:
        row: Model | None = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.found(request, object_id)
        sent = request.POST if request.method == "POST" else None
        doing = sent.get("do", "") if sent is not None else ""
        offered = self.forms(request, row, sent, doing)
        status = HTTPStatus.OK
        refused: ChatError | None = None
        if sent is not None:
            form = offered.get(doing)
            if form is None:
                # Somebody else was faster, and the form is not on the page any more.
                refused = Conflict(_("This is not possible any more. Somebody else may have been faster."))
                status = HTTPStatus.CONFLICT
            elif not form.is_valid():
                status = HTTPStatus.UNPROCESSABLE_ENTITY
            else:
                try:
                    messages.success(request, self.do(request, row, doing, form.cleaned_data))
                    return see_other(self.after(request, row, doing))
                except ChatError as error:
                    form.add_error(error.field if error.field in form.fields else None, error.message)
                    status, refused = HTTPStatus(error.status), error
                    row = self.found(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": self.title_of(row),
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            "row": row,
            "forms": offered,
            "doing": doing,
            "typed": sent,
            "refused": refused,
            **self.about_row(request, row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.page_template, context, status=status)
