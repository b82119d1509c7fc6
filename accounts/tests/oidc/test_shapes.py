"""More shapes of answers: what a provider may rightly say, and what none does that means well."""

import base64
import json
import time

import pytest
from django.core.cache import cache

from accounts.models import Role, User
from accounts.oidc import wire
from accounts.tests.oidc.visits import config_of, query_of

ALICE = "alice@example.com"


def token_of(header, claims):
    """Write a token that nobody has signed."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in (header, claims)
    ]
    return ".".join([*parts, "e30"])


TRICKS = {
    "an extension that must be understood": {"id_token": {"header": {"crit": ["vip"], "vip": True}}},
    "a key that it brings along": {
        "id_token": {
            "key": "wrong",
            "header": {"jwk": {"kty": "oct", "k": "AAAA"}, "jku": "https://evil.example"},
        }
    },
    "a key of a file": {"id_token": {"key": "wrong", "header": {"kid": "../../../../dev/null"}}},
    "a key of a statement": {"id_token": {"key": "wrong", "header": {"kid": "' OR 1=1 --"}}},
    "a key of another kind": {"id_token": {"alg": "ES256", "header": {"kid": "RS256-1"}}},
    "a key for another algorithm": {"id_token": {"alg": "PS256", "header": {"kid": "RS256-1"}}},
    "several algorithms": {"token": {"set": {"id_token": token_of({"alg": ["RS256"]}, {})}}},
    "no algorithm": {"token": {"set": {"id_token": token_of({}, {})}}},
    "a number for a key": {"token": {"set": {"id_token": token_of({"alg": "RS256", "kid": 7}, {})}}},
    "an encrypted token": {"token": {"set": {"id_token": "e30.AA.AA.AA.AA"}}},
    "an empty token": {"token": {"set": {"id_token": ""}}},
    "a very long token without dots": {"token": {"set": {"id_token": "e" * 200_000}}},
    "an empty nonce": {"id_token": {"set": {"nonce": ""}}},
    "nonces in a list": {"id_token": {"set": {"nonce": [""]}}},
    "null for a nonce": {"id_token": {"set": {"nonce": None}}},
    "a date of issue in words": {"id_token": {"set": {"iat": "now"}}},
    "true for an end": {"id_token": {"set": {"exp": True}}},
    "null for an end": {"id_token": {"set": {"exp": None}}},
    "a list for an end": {"id_token": {"set": {"exp": [9999999999]}}},
    "issuers in a list": {"id_token": {"set": {"iss": ["{issuer}"]}}},
    "an audience without anybody": {"id_token": {"set": {"aud": []}}},
    "an audience in a list in a list": {"id_token": {"set": {"aud": [["chatscape"]]}}},
    "a number for an audience": {"id_token": {"set": {"aud": 7}}},
    "an audience that begins like us": {"id_token": {"set": {"aud": "chatscape-post"}}},
    "an empty party": {"id_token": {"set": {"azp": ""}}},
    "parties in a list": {"id_token": {"set": {"azp": ["chatscape"]}}},
    "a number for a hash": {"id_token": {"set": {"at_hash": 7}}},
    "a list for a name": {"id_token": {"set": {"sub": ["alice"]}}},
    "null for a name": {"id_token": {"set": {"sub": None}}},
    "userinfo of null": {"userinfo": {"set": {"sub": None}}},
    "userinfo of several": {"userinfo": {"set": {"sub": ["alice"]}}},
    "userinfo in other letters": {"userinfo": {"set": {"sub": "Alice"}}},
    "signed userinfo of somebody else": {"userinfo": {"jwt": {"set": {"sub": "mallory"}}}},
    "signed userinfo for others": {"userinfo": {"jwt": {"set": {"aud": "others"}}}},
    "signed userinfo for nobody": {"userinfo": {"jwt": {"drop": ["aud"]}}},
    "signed userinfo of another issuer": {"userinfo": {"jwt": {"set": {"iss": "https://evil.example"}}}},
    "userinfo with a false signature": {"userinfo": {"jwt": {"key": "wrong"}}},
    "userinfo with no signature": {"userinfo": {"jwt": {"alg": "none"}}},
    "userinfo with our own secret": {"userinfo": {"jwt": {"alg": "HS256", "key": "secret"}}},
    "signed userinfo that is none": {"userinfo": {"type": "application/jwt", "body": "alice"}},
}


def filled(value, issuer):
    return json.loads(json.dumps(value).replace("{issuer}", issuer))


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_signs_nobody_in(standard, configure, visitor, trick):
    configure(config_of(standard))
    standard.twist(**filled(TRICKS[trick], standard.issuer))

    answer = visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/refused/")
    assert (visitor.person, visitor.redirects) == ("", 1)
    assert not User.objects.exists()
    assert "Retry" in answer.text
    # And it is the trick that was noticed.
    standard.twist()
    cache.clear()
    assert visitor.sign_in("alice").status_code == 200
    assert visitor.person


SHAPES = {
    "ourselves twice": {"id_token": {"set": {"aud": ["chatscape", "chatscape"]}}},
    "the newer name of a signature": {"id_token": {"alg": "Ed25519", "hash": "sha512"}},
    "signed userinfo": {"userinfo": {"jwt": {}}},
    "userinfo signed otherwise": {"userinfo": {"jwt": {"alg": "ES256"}}},
    "a clock that is behind": {"id_token": {"set": {"iat": int(time.time()) - 3600}}},
    "claims that nobody knows": {"id_token": {"set": {"acr": {"deep": [{}]}, "amr": 7, "auth_time": "x"}}},
    "parts of a name that are none": {
        "userinfo": {"set": {"name": {}, "given_name": {"a": 1}, "family_name": [7]}}
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_signs_in(standard, configure, visitor, shape):
    configure(config_of(standard))
    standard.twist(**SHAPES[shape])

    assert visitor.sign_in("alice").status_code == 200

    alice = User.objects.get(pk=visitor.person)
    assert (alice.email, alice.name.casefold()) == (ALICE, "alice")


def test_a_client_that_is_known_by_its_form_alone(standard, configure, visitor):
    """The provider knows both ways, and each client by one of them."""
    configure(config_of(standard, client_id="chatscape-post"))

    assert visitor.sign_in("alice").status_code == 200
    assert visitor.person


def test_who_is_known_by_neither_is_told_so_once(standard, configure, visitor):
    configure(config_of(standard, client_secret="another"))
    standard.twist()

    assert (visitor.sign_in("alice").status_code, visitor.path) == (502, "/accounts/oidc/sso/failed/broken/")
    assert [each["path"] for each in standard.seen()].count("/token") == 2


@pytest.mark.parametrize(
    "email",
    [
        # In lower case this is kate.
        "\u212aate@example.com",
        "kate\u0131@example.com",
        "\uff4bate@example.com",
        {"kate@example.com": True},
        f"{'k' * 300}@example.com",
        "kate@example.com,alice@example.com",
        "<kate@example.com>",
        "kate@example.com\u202e",
        7,
    ],
)
def test_an_address_like_anothers_is_none(standard, configure, visitor, email):
    configure(config_of(standard))
    kate = type(visitor)()
    kate.sign_in("kate")
    standard.people(mallory={"email": email})

    answer = visitor.sign_in("mallory")

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/email/")
    assert visitor.person == ""


@pytest.mark.parametrize(
    "groups",
    [
        [["admins"]],
        {"admins": True},
        [{"name": "admins"}],
        "admins,users",
        ["Admins"],
        [None, 7, "admins "],
        [f"group {number}" for number in range(3_000)],
    ],
    ids=lambda value: str(value)[:30],
)
def test_groups_in_odd_shapes_make_no_administrator(standard, configure, visitor, groups):
    configure(config_of(standard, admin_groups=frozenset({"admins"})))
    type(visitor)().sign_in("owner")
    standard.twist(id_token={"set": {"groups": groups}}, userinfo={"set": {"groups": groups}})

    assert visitor.sign_in("alice").status_code == 200
    assert User.objects.get(pk=visitor.person).role == Role.MEMBER


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "\u202eecilA\u2066",
        "x" * 20_000,
        "A" + "\u0301" * 5_000,
        "{{ 7*7 }}",
        "\x00\x1b[2J",
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_name_becomes_one_that_is_allowed(standard, configure, visitor, name):
    configure(config_of(standard))
    standard.people(alice={"name": name})

    page = visitor.sign_in("alice")

    kept = User.objects.get(pk=visitor.person).name
    assert 2 <= len(kept) <= 50
    assert not set(kept) & set("<>{}\x00\x1b\u202e\u2066")
    assert page.status_code == 200


def test_two_tabs_may_both_come_back(standard, configure, visitor):
    configure(config_of(standard))
    first, second = visitor.leave(), visitor.leave()

    assert visitor.come_back(visitor.at_provider(first)).status_code == 200
    person = visitor.person
    assert visitor.come_back(visitor.at_provider(second)).status_code == 200
    assert visitor.person == person
    assert User.objects.count() == 1


def test_words_of_an_error_are_shown_nowhere(standard, configure, visitor, caplog):
    configure(config_of(standard))
    state = query_of(visitor.leave())["state"]
    words = "error=access_denied&error_description=%3Cscript%3Ecall%20me&error_uri=https://evil.example"

    page = visitor.come_back(
        f"/accounts/oidc/sso/login/callback/?{words}&state={state}&iss={standard.issuer}"
    )

    assert (page.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/denied/")
    for told in (page.text, caplog.text):
        assert "call me" not in told
        assert "evil.example" not in told


def test_a_code_that_is_asked_of_another_provider(standard, cognito, configure, visitor):
    """Mix-up (RFC 9207): a provider that names itself is not asked for a code of one that does not."""
    configure(config_of(standard, "standard"), config_of(cognito, "cognito"))
    cognito.twist(discovery={"set": {"authorization_endpoint": f"{standard.url}/auth"}})
    back = visitor.at_provider(visitor.leave("cognito"))
    cognito.twist()

    answer = visitor.come_back(back)

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/cognito/failed/refused/")
    assert not [each for each in cognito.seen() if each["path"].endswith("/token")]


@pytest.mark.parametrize("place", ["discovery", "jwks", "token", "userinfo"])
def test_headers_that_never_end_keep_no_thread(standard, configure, visitor, monkeypatch, place):
    """Else the provider could not be asked any more even when it is well again."""
    configure(config_of(standard))
    monkeypatch.setattr(wire, "SECONDS", 0.5)
    standard.twist(**{place: {"trickle": 50}})
    for _time in range(wire._PLACES + 1):
        cache.clear()
        answer = visitor.come_back(visitor.leave()) if place == "discovery" else visitor.sign_in("alice")
        assert (answer.status_code, visitor.path) == (503, "/accounts/oidc/sso/failed/gone/")
    monkeypatch.undo()
    standard.twist()

    assert visitor.sign_in("alice").status_code == 200
    assert visitor.person


@pytest.mark.parametrize("place", ["jwks", "token", "userinfo"])
def test_nobody_is_led_on_to_another_address(standard, cognito, configure, visitor, place):
    configure(config_of(standard))
    cognito.twist()
    standard.twist(**{place: {"status": 302, "body": {}, "to": f"{cognito.url}/secret"}})

    visitor.sign_in("alice")

    assert visitor.person == ""
    assert cognito.seen() == []
