"""What moderators type. What is wrong with it is for the actions to say, the same everywhere."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundWidget
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.actions.moderation import DAYS_MOST
from chat.models.sanction import REASON_MOST


class ReasonForm(forms.Form):
    """Why something is done; whom it is about reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": REASON_MOST}),
    )


class MeasureForm(ReasonForm):
    """What to do about somebody, and for how long."""

    decision = forms.ChoiceField(label=_("What to do"), required=False, widget=forms.RadioSelect)
    days = forms.IntegerField(
        label=_("For how many days"),
        required=False,
        initial=7,
        widget=forms.NumberInput(attrs={"min": 1, "max": DAYS_MOST, "inputmode": "numeric"}),
    )
    remove = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(
        self,
        *args: Any,
        choices: list[tuple[str, str | Promise]],
        hints: Mapping[str, str | Promise],
        removable: list[tuple[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.hints = hints
        self.fields["decision"].choices = choices  # type: ignore[attr-defined]
        self.fields["remove"].choices = removable or []  # type: ignore[attr-defined]

    @property
    def options(self) -> list[tuple[BoundWidget, str | Promise]]:
        """The choices with what each of them means."""
        return [
            (radio, self.hints.get(str(radio.data["value"]), "")) for radio in self["decision"].subwidgets
        ]


class AppealForm(forms.Form):
    """Whether a decision stands, and the answer that the person reads."""

    decision = forms.ChoiceField(
        label=_("What to do"),
        choices=[("uphold", _("The decision stands")), ("grant", _("Undo the decision"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("choose what to do")},
    )
    answer = forms.CharField(
        label=_("Answer"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": REASON_MOST}),
    )

    @property
    def options(self) -> list[tuple[BoundWidget, str | Promise]]:
        return [(radio, "") for radio in self["decision"].subwidgets]
