"""What the trivial page lists."""

from typing import ClassVar

from django.db import models


class Row(models.Model):
    """Something with a title."""

    title = models.CharField(max_length=80)

    objects: ClassVar[models.Manager["Row"]] = models.Manager()

    class Meta:
        app_label = "trivial"

    def __str__(self) -> str:
        return self.title
