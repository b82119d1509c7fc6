"""The person who signs in, and the devices where they are signed in."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.names import initials, validate_name

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from django.db.models.fields.related_descriptors import RelatedManager


class Role(models.TextChoices):
    """What a person may do on this server."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    MODERATOR = "moderator", _("Moderator")
    MEMBER = "member", _("Member")


class UserManager(BaseUserManager["User"]):
    """Makes people; e-mail addresses are kept in lower case."""

    def create_user(
        self, email: str, password: str | None = None, *, verified: bool | None = None, **fields: Any
    ) -> "User":
        """Create a person who signs in with `email`; without a password none will work.

        The address counts as confirmed when `verified`, by default when nobody has to confirm.
        """
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        return self.add(user, verified=not settings.CONFIRM_EMAIL if verified is None else verified)

    def add(self, user: "User", *, verified: bool) -> "User":
        """Save a new person together with their address: nobody is ever without one."""
        with transaction.atomic(using=self._db):
            user.save(using=self._db, force_insert=True)
            user.emailaddress_set.create(email=user.email, primary=True, verified=verified)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create the owner, or an administrator when there is one, as `manage.py createsuperuser` does.

        Whoever can run commands on the server is believed about the address.
        """
        fields.setdefault("name", "Admin")
        owned = self.filter(role=Role.OWNER).exists()
        fields.setdefault("role", Role.ADMIN if owned else Role.OWNER)
        return self.create_user(email, password, verified=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account; signs in by e-mail and is shown by name.

    Exactly one person is the owner: the first who signed up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("email"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=50, validators=[validate_name])
    intro = models.CharField(_("about you"), max_length=200, blank=True)
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.MEMBER)
    is_active = models.BooleanField(default=True)
    # What others in direct rooms see; who hides something does not see it of others either.
    shows_presence = models.BooleanField(_("Show when I am online"), default=True)
    shows_receipts = models.BooleanField(_("Show what I have read"), default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    # Until then they read, but write nothing.
    muted_until = models.DateTimeField(null=True, editable=False)
    # Moderators decided something about them that they have not read.
    has_notice = models.BooleanField(default=False, editable=False)
    # What the audit log calls them. It keeps its entries for ever; the row, and with it the link, can go.
    pseudonym = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    # The other side of allauth's table, which has no types of its own.
    emailaddress_set: "RelatedManager[EmailAddress]"

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["role"], condition=models.Q(role=Role.OWNER), name="accounts_one_owner"
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """Whether the person may open the admin site."""
        return self.role != Role.MEMBER

    @property
    def runs_server(self) -> bool:
        """Whether the person may change settings and invite in the server's name."""
        return self.role in (Role.OWNER, Role.ADMIN)

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        return self.is_active and (self.runs_server or super().has_perm(perm, obj))

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and (self.runs_server or super().has_module_perms(app_label))

    @property
    def initials(self) -> str:
        """One or two letters for the generated avatar."""
        return initials(self.name)

    @property
    def hue(self) -> int:
        """The avatar's colour, 0 to 11, the same everywhere for ever."""
        return self.id.int % 12


class Device(models.Model):
    """Where somebody is signed in: one row for each session, gone with it.

    Of what the browser says of itself two words are kept, and nothing of where it is.
    """

    class Kind(models.TextChoices):
        """What its icon shows."""

        PHONE = "phone", _("Phone")
        TABLET = "tablet", _("Tablet")
        COMPUTER = "computer", _("Computer")
        OTHER = "other", _("Device")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No constraint of the database: whoever deletes a session by hand needs to know nothing of this.
    session = models.OneToOneField(Session, models.CASCADE, db_constraint=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="devices")
    browser = models.CharField(max_length=30, blank=True)
    system = models.CharField(max_length=30, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OTHER)
    # Signed in with a link that was shown on another device.
    by_link = models.BooleanField(default=False)
    signed_in_at = models.DateTimeField(default=timezone.now)
    # To some minutes: see `accounts.devices.SEEN_EVERY`.
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        """Name it as people would, such as "Chrome on Android"."""
        if self.browser and self.system:
            return gettext("%(browser)s on %(system)s") % {"browser": self.browser, "system": self.system}
        return self.browser or self.system or gettext("Unknown device")


class DeviceLink(models.Model):
    """Lets one more device in, once; made on a device, and gone when that signs out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.OneToOneField(Device, models.CASCADE, related_name="link")
    # Of the token in the address, which is kept nowhere.
    digest = models.CharField(max_length=64, unique=True)
    # Of the password that held when it was made: with another one it does not work.
    password = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(Device, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return str(self.id)
