"""Who somebody is, in the shapes that providers say it."""

import time

import pytest

from accounts.models import User
from accounts.tests.oidc.visits import config_of

ALICE = {"email": "alice@example.com", "email_verified": True}

# What Cognito, and others, answer besides what the standard says.
SHAPES = {
    "true in a string": {"userinfo": {"set": {"email_verified": "true"}}},
    "TRUE in a string": {"userinfo": {"set": {"email_verified": "True"}}},
    "no userinfo": {"discovery": {"drop": ["userinfo_endpoint"]}, "id_token": {"set": ALICE}},
    "userinfo that is not there": {"userinfo": {"status": 404, "body": "?"}, "id_token": {"set": ALICE}},
    "userinfo that is not for us": {"userinfo": {"status": 403, "body": {}}, "id_token": {"set": ALICE}},
    "userinfo of nobody": {"userinfo": {"body": {}}, "id_token": {"set": ALICE}},
    "userinfo without an e-mail": {
        "userinfo": {"drop": ["email", "email_verified", "name"]},
        "id_token": {"set": ALICE},
    },
    "one audience in a list": {"id_token": {"set": {"aud": ["chatscape"]}}},
    "two audiences and a party": {"id_token": {"set": {"aud": ["chatscape", "x"], "azp": "chatscape"}}},
    "no hash": {"id_token": {"drop": ["at_hash"]}},
    "a clock that is ahead": {"id_token": {"set": {"iat": int(time.time()) + 40}}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_signs_in(standard, configure, visitor, shape):
    configure(config_of(standard))
    standard.twist(**SHAPES[shape])

    visitor.sign_in("alice")

    address = User.objects.get(pk=visitor.person).emailaddress_set.get()
    assert (address.email, address.verified) == ("alice@example.com", True)


@pytest.mark.parametrize("said", [False, "false", "no", "", None, 0, 1, ["true"], {"true": True}])
def test_an_address_is_verified_when_the_provider_says_true(standard, configure, visitor, said):
    configure(config_of(standard))
    standard.twist(userinfo={"set": {"email_verified": said}})

    visitor.sign_in("alice")

    assert not User.objects.get(pk=visitor.person).emailaddress_set.get().verified


def test_yes_and_no_is_no(standard, configure, visitor):
    configure(config_of(standard))
    standard.twist(id_token={"set": {**ALICE, "email_verified": False}})

    visitor.sign_in("alice")

    assert not User.objects.get(pk=visitor.person).emailaddress_set.get().verified


@pytest.mark.parametrize(("trusted", "verified"), [(True, True), (False, False)])
def test_a_provider_that_says_nothing_may_be_trusted(standard, configure, visitor, trusted, verified):
    configure(config_of(standard, trust_email=trusted))
    standard.twist(userinfo={"drop": ["email_verified"]})

    visitor.sign_in("alice")

    assert User.objects.get(pk=visitor.person).emailaddress_set.get().verified is verified


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "  Zoë   O’Hara "}, "Zoë O’Hara"),
        ({"name": "Zoe\u202e\x00 (CEO)"}, "Zoe CEO"),
        ({"name": "x" * 80}, "x" * 50),
        ({"name": "…", "given_name": "Zoe", "family_name": "Lee"}, "Zoe Lee"),
        ({"name": 7, "preferred_username": "zoe.lee"}, "zoe.lee"),
        ({"name": None}, "alice"),
        ({"name": None, "email": "%@example.com"}, "New"),
    ],
)
def test_the_name_is_made_to_fit(standard, configure, visitor, claims, name):
    configure(config_of(standard))
    standard.people(alice=claims)

    visitor.sign_in("alice")

    assert User.objects.get(pk=visitor.person).name == name
