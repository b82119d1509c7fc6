"""Words and links that do not pass."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Filter(models.Model):
    """A word or a link, and what happens to a message with it."""

    class Kind(models.TextChoices):
        WORD = "word", _("Word or phrase")
        LINK = "link", _("Link to a site")

    class Action(models.TextChoices):
        BLOCK = "block", _("Refuse the message")
        HOLD = "hold", _("Hold it for review")
        REPLACE = "replace", _("Replace the words")

    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices, default=Kind.WORD)
    pattern = models.CharField(_("pattern"), max_length=200)
    action = models.CharField(_("action"), max_length=7, choices=Action.choices, default=Action.HOLD)
    replacement = models.CharField(_("replacement"), max_length=50, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "pattern"]
        constraints = [models.UniqueConstraint(fields=["kind", "pattern"], name="chat_filter_once")]

    def __str__(self) -> str:
        return self.pattern
