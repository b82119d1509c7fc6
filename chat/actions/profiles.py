"""What administrators may change of somebody's profile."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.names import clean_name, validate_name
from chat.actions.audit import record
from chat.actions.standing import check_may_act, locked_person, moderator
from chat.errors import Forbidden, Invalid

INTRO_MOST = 200


@transaction.atomic
def edit_profile(*, actor: User, person: User, name: str, intro: str) -> User:
    """Change what others read of somebody: a name or words that nobody should have to see.

    The log says what was changed, not the words. The same words again change nothing.
    Raises `Invalid`, `NotFound` for whoever may not moderate, or `Forbidden`.
    """
    name, intro = clean_name(name), intro.strip()
    try:
        validate_name(name)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="name") from error
    if len(intro) > INTRO_MOST:
        raise Invalid(_("at most %(most)s characters") % {"most": INTRO_MOST}, field="intro")
    actor = moderator(actor)
    if not actor.runs_server:
        raise Forbidden(_("Only the owner and administrators may do this."))
    person = locked_person(person.pk)
    check_may_act(actor, person)
    changed = [
        field for field, value in (("intro", intro), ("name", name)) if getattr(person, field) != value
    ]
    if not changed:
        return person
    person.name, person.intro = name, intro
    person.save(update_fields=changed)
    record(
        actor=actor,
        action="person.edit_profile",
        subject=person,
        target=f"person:{person.pk}",
        before={"changed": []},
        after={"changed": changed},
    )
    return person
