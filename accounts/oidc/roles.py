"""What a provider's groups make of a person."""

from collections.abc import Set

from accounts.models import Role, User
from accounts.oidc.config import ProviderConfig
from chat.actions.moderation import set_role


def role_for(provider: ProviderConfig, groups: Set[str]) -> Role:
    """Return the highest role that one of the groups gives."""
    if provider.admin_groups & groups:
        return Role.ADMIN
    return Role.MODERATOR if provider.moderator_groups & groups else Role.MEMBER


def apply_groups(provider: ProviderConfig, person: User, groups: Set[str]) -> User:
    """Give the role of the groups, when the provider gives roles at all. The owner stays the owner."""
    role = role_for(provider, groups)
    if not provider.gives_roles or person.role in (Role.OWNER, role):
        return person
    return set_role(actor=None, person=person, role=role)
