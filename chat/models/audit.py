"""What people with power did."""

from typing import Any

from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """One deed of an administrator or moderator. The database refuses to change or delete it.

    People are named by their `User.pseudonym`: whoever is erased takes the link along. Nothing here
    holds a name, an address or somebody's words; `target` leads to them while they exist.
    """

    at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    actor = models.UUIDField(null=True, editable=False, db_index=True)
    actor_role = models.CharField(max_length=9, editable=False)
    action = models.CharField(max_length=50, editable=False, db_index=True)
    subject = models.UUIDField(null=True, editable=False, db_index=True)
    target = models.CharField(max_length=100, blank=True, editable=False)
    before = models.JSONField(default=dict, editable=False)
    after = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the entry; there is no other way to save one."""
        super().save(*args, **{**kwargs, "force_insert": True})
