"""What the groups at a provider make of somebody."""

import pytest

from accounts.models import Role, User
from accounts.tests.oidc.visits import config_of
from accounts.tests.people import make_user
from chat.models import AuditEntry

GROUPS = {"admin_groups": frozenset({"admins", "root"}), "moderator_groups": frozenset({"mods"})}


@pytest.fixture(autouse=True)
def _owner(db):
    make_user("olivia", role="owner")


def role_of(visitor):
    return User.objects.get(pk=visitor.person).role


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["admins"]}, Role.ADMIN),
        ({"groups": ["mods", "staff"]}, Role.MODERATOR),
        ({"groups": ["mods", "root"]}, Role.ADMIN),
        ({"groups": "mods"}, Role.MODERATOR),
        ({"cognito:groups": ["mods"]}, Role.MODERATOR),
        ({"groups": ["staff"], "cognito:groups": ["mods"]}, Role.MODERATOR),
        ({"groups": []}, Role.MEMBER),
        ({}, Role.MEMBER),
        ({"groups": ["Admins", "admins ", "adminsx", "ad"]}, Role.MEMBER),
        ({"groups": "admins,mods"}, Role.MEMBER),
        ({"groups": {"admins": True}}, Role.MEMBER),
        ({"groups": [["admins"], 7, None]}, Role.MEMBER),
        ({"groups": ["owner"]}, Role.MEMBER),
        ({"role": "admin", "roles": ["admins"]}, Role.MEMBER),
    ],
)
@pytest.mark.parametrize("shape", ["standard", "cognito"])
def test_groups_make_roles(request, configure, visitor, shape, claims, role):
    server = request.getfixturevalue(shape)
    configure(config_of(server, **GROUPS))
    server.people(alice=claims)

    visitor.sign_in("alice")

    assert role_of(visitor) == role


def test_another_claim_may_name_them(standard, configure, visitor):
    configure(config_of(standard, **GROUPS, groups_claims=("token_use",)))
    standard.people(alice={"token_use": ["mods"], "groups": ["admins"]})

    visitor.sign_in("alice")

    assert role_of(visitor) == Role.MODERATOR


def test_a_change_holds_at_the_next_sign_in(standard, configure, visitor):
    configure(config_of(standard, **GROUPS))
    seen = []
    for groups in (["admins"], ["mods"], [], ["mods"]):
        standard.people(alice={"groups": groups})
        visitor.sign_in("alice")
        seen.append(role_of(visitor))

    assert seen == [Role.ADMIN, Role.MODERATOR, Role.MEMBER, Role.MODERATOR]


def test_changes_are_on_record(standard, configure, visitor):
    configure(config_of(standard, **GROUPS))
    standard.people(alice={"groups": ["mods"]})
    visitor.sign_in("alice")

    alice = User.objects.get(pk=visitor.person)
    assert AuditEntry.objects.filter(subject=alice.pseudonym).exists()


def test_without_a_mapping_roles_are_given_here(standard, configure, visitor):
    configure(config_of(standard))
    standard.people(alice={"groups": ["admins"]})
    visitor.sign_in("alice")
    assert role_of(visitor) == Role.MEMBER
    User.objects.filter(pk=visitor.person).update(role=Role.MODERATOR)

    visitor.sign_in("alice")

    assert role_of(visitor) == Role.MODERATOR


def test_the_owner_stays_the_owner(standard, configure, visitor):
    configure(config_of(standard, **GROUPS))

    visitor.sign_in("olivia")

    assert role_of(visitor) == Role.OWNER


def test_where_groups_give_roles_the_first_visitor_does_not_own_the_server(standard, configure, visitor):
    User.objects.all().delete()
    configure(config_of(standard, **GROUPS))
    visitor.sign_in("alice")
    assert role_of(visitor) == Role.MEMBER


def test_where_groups_give_roles_the_first_administrator_owns_it(standard, configure, visitor):
    User.objects.all().delete()
    configure(config_of(standard, **GROUPS))
    standard.people(alice={"groups": ["root"]})
    visitor.sign_in("alice")
    assert role_of(visitor) == Role.OWNER
