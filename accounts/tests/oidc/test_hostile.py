"""What a provider, or somebody between, may try: nobody is signed in, and a page says so."""

import time
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import User
from accounts.oidc import views, wire
from accounts.tests.oidc.visits import config_of, query_of

HOUR = 3600
# By name: what is answered otherwise, and the status and address of the page where it ends.
REFUSED = (403, "refused")
TRICKS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "another nonce": ({"id_token": {"set": {"nonce": "another"}}}, REFUSED),
    "no nonce": ({"id_token": {"drop": ["nonce"]}}, REFUSED),
    "another key": ({"id_token": {"key": "wrong"}}, REFUSED),
    "a key nobody knows": ({"id_token": {"key": "wrong", "header": {"kid": "unknown"}}}, REFUSED),
    "no kid and another key": ({"id_token": {"key": "wrong", "header": {"kid": None}}}, REFUSED),
    "no signature": ({"id_token": {"alg": "none"}}, REFUSED),
    "no signature in other letters": ({"id_token": {"alg": "none", "header": {"alg": "nOnE"}}}, REFUSED),
    "the public key as secret": ({"id_token": {"alg": "HS256"}}, REFUSED),
    "our own secret": ({"id_token": {"alg": "HS256", "key": "secret"}}, REFUSED),
    "half a token": ({"id_token": {"cut": 200}}, REFUSED),
    "a token for others": ({"id_token": {"set": {"aud": "others"}}}, REFUSED),
    "a token for others, too": ({"id_token": {"set": {"aud": ["chatscape", "others"]}}}, REFUSED),
    "a token of others for us": ({"id_token": {"set": {"azp": "others"}}}, REFUSED),
    "no audience": ({"id_token": {"drop": ["aud"]}}, REFUSED),
    "another issuer": ({"id_token": {"set": {"iss": "https://evil.example"}}}, REFUSED),
    "nearly the issuer": ({"id_token": {"set": {"iss": "{issuer}/"}}}, REFUSED),
    "no issuer": ({"id_token": {"drop": ["iss"]}}, REFUSED),
    "an expired token": ({"id_token": {"set": {"exp": "{now}-10"}}}, REFUSED),
    "a token without an end": ({"id_token": {"drop": ["exp"]}}, REFUSED),
    "an end that is no time": ({"id_token": {"set": {"exp": "tomorrow"}}}, REFUSED),
    "a token of tomorrow": ({"id_token": {"set": {"iat": "{now}+3600"}}}, REFUSED),
    "a token not valid yet": ({"id_token": {"set": {"nbf": "{now}+3600"}}}, REFUSED),
    "no time of issue": ({"id_token": {"drop": ["iat"]}}, REFUSED),
    "nobody": ({"id_token": {"drop": ["sub"]}}, REFUSED),
    "an empty name": ({"id_token": {"set": {"sub": ""}}, "userinfo": {"set": {"sub": ""}}}, REFUSED),
    "a number for a name": ({"id_token": {"set": {"sub": 7}}}, REFUSED),
    "half a character for a name": ({"id_token": {"set": {"sub": "\ud800"}}}, REFUSED),
    "a name with an end": ({"id_token": {"set": {"sub": "alice\0"}}}, REFUSED),
    "half a character for a nonce": ({"id_token": {"set": {"nonce": "\ud800"}}}, REFUSED),
    "half a character for a hash": ({"id_token": {"set": {"at_hash": "\ud800"}}}, REFUSED),
    "no number for an end": ({"id_token": {"set": {"exp": "NaN"}}}, REFUSED),
    "a very long name": ({"id_token": {"set": {"sub": "x" * 256}}}, REFUSED),
    "a hash of another kind": ({"id_token": {"alg": "ES256", "hash": "sha512"}}, REFUSED),
    "the hash of another access token": (
        {"id_token": {"set": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}},
        REFUSED,
    ),
    "an access token as ID token": ({"id_token": {"header": {"typ": "at+jwt"}}}, REFUSED),
    "no ID token": ({"token": {"drop": ["id_token"]}}, REFUSED),
    "half a character as ID token": ({"token": {"set": {"id_token": "\ud800.a.b"}}}, REFUSED),
    "half a character as access token": ({"token": {"set": {"access_token": "\ud800"}}}, (403, "email")),
    "two lines as access token": ({"token": {"set": {"access_token": "a\nb"}}}, (403, "email")),
    "no header, no claims": ({"token": {"set": {"id_token": "e30.e30.e30"}}}, REFUSED),
    "claims in a list": ({"token": {"set": {"id_token": "eyJhbGciOiJSUzI1NiJ9.W10.e30"}}}, REFUSED),
    "a number as ID token": ({"token": {"set": {"id_token": 7}}}, REFUSED),
    "userinfo of somebody else": ({"userinfo": {"set": {"sub": "mallory"}}}, REFUSED),
    "an algorithm not announced": (
        {"discovery": {"set": {"id_token_signing_alg_values_supported": ["ES256"]}}},
        REFUSED,
    ),
    "no keys": ({"jwks": {"set": {"keys": []}}}, REFUSED),
    "keys that are none": ({"jwks": {"set": {"keys": [1, {}, {"kty": "RSA", "n": "x"}]}}}, REFUSED),
    "keys in no list": ({"jwks": {"set": {"keys": {}}}}, (502, "broken")),
    "no e-mail": ({"userinfo": {"drop": ["email"]}}, (403, "email")),
    "an e-mail that is none": ({"userinfo": {"set": {"email": "alice"}}}, (403, "email")),
    "an e-mail with another inside": (
        {"userinfo": {"set": {"email": "a@b.example\ncc@d.example"}}},
        (403, "email"),
    ),
    "an e-mail with half a character": (
        {"userinfo": {"set": {"email": "\ud800@example.com"}}},
        (403, "email"),
    ),
    "e-mails in a list": ({"userinfo": {"set": {"email": ["alice@example.com"]}}}, (403, "email")),
    "no token at all": ({"token": {"status": 400, "body": {"error": "invalid_grant"}}}, (400, "expired")),
    "no token at all, in prose": ({"token": {"status": 400, "body": "too late"}}, (400, "expired")),
    "we may not": ({"token": {"status": 400, "body": {"error": "unauthorized_client"}}}, (502, "broken")),
    "we are not known": ({"token": {"status": 401, "body": {"error": "invalid_client"}}}, (502, "broken")),
    "tokens in prose": ({"token": {"body": "alice, as far as I know"}}, (502, "broken")),
    "tokens in a list": ({"token": {"body": []}}, (502, "broken")),
    "a redirection instead of tokens": ({"token": {"status": 302, "body": {}}}, (502, "broken")),
    "tokens and a failure": ({"token": {"status": 500}}, (503, "gone")),
    "userinfo and a failure": ({"userinfo": {"status": 503}}, (503, "gone")),
    "keys and a failure": ({"jwks": {"status": 500}}, (503, "gone")),
    "too many tokens": ({"token": {"size": wire.MOST}}, (502, "broken")),
    "too much userinfo": ({"userinfo": {"size": wire.MOST}}, (502, "broken")),
    "too many keys": ({"jwks": {"size": wire.MOST}}, (502, "broken")),
    "userinfo in prose": ({"userinfo": {"body": "hello"}}, (502, "broken")),
}


def filled(value: Any, issuer: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, issuer) for name, each in value.items()}
    if isinstance(value, str) and value.startswith("{now}"):
        return int(time.time()) + int(value.removeprefix("{now}"))
    return value.replace("{issuer}", issuer) if isinstance(value, str) else value


def is_nobody(visitor: Any) -> bool:
    return not visitor.person and not User.objects.exists()


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_signs_nobody_in(standard, configure, visitor, trick):
    configure(config_of(standard))
    twist, (status, kind) = TRICKS[trick]
    standard.twist(**filled(twist, standard.issuer))

    answer = visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (status, f"/accounts/oidc/sso/failed/{kind}/")
    assert is_nobody(visitor)
    assert visitor.redirects == 1
    assert "Retry" in answer.text
    # And it is the trick that was noticed.
    standard.twist()
    cache.clear()
    assert visitor.sign_in("alice").status_code == 200
    assert visitor.person


@pytest.mark.parametrize(
    "lie",
    [
        {"set": {"issuer": "https://evil.example"}},
        {"drop": ["issuer"]},
        {"set": {"issuer": "{issuer}/"}},
        {"drop": ["authorization_endpoint"]},
        {"set": {"authorization_endpoint": "http://evil.example/auth"}},
        {"set": {"authorization_endpoint": "javascript:alert(1)"}},
        {"set": {"token_endpoint": "http://127.0.0.1@evil.example/token"}},
        {"set": {"token_endpoint": 7}},
        {"set": {"jwks_uri": "file:///etc/passwd"}},
        {"set": {"userinfo_endpoint": "http://10.0.0.1/me"}},
        {"set": {"end_session_endpoint": "ftp://127.0.0.1/"}},
        {"status": 404},
        {"status": 302, "body": {}},
        {"body": "<html>"},
        {"body": []},
        {"size": wire.MOST},
    ],
    ids=str,
)
def test_discovery_that_lies_leads_nowhere(standard, configure, visitor, lie):
    configure(config_of(standard))
    standard.twist(discovery=filled(lie, standard.issuer))

    answer = visitor.come_back(visitor.leave())

    assert (answer.status_code, visitor.path) == (502, "/accounts/oidc/sso/failed/broken/")
    assert is_nobody(visitor)


@pytest.mark.parametrize("place", ["discovery", "jwks", "token", "userinfo"])
@pytest.mark.parametrize("slowness", [{"delay": 5000}, {"drip": 100}], ids=str)
def test_an_answer_that_does_not_come_is_not_waited_for(
    standard, configure, visitor, monkeypatch, place, slowness
):
    configure(config_of(standard))
    monkeypatch.setattr(wire, "SECONDS", 0.6)
    standard.twist(**{place: slowness})

    began = time.monotonic()
    answer = visitor.come_back(visitor.leave()) if place == "discovery" else visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (503, "/accounts/oidc/sso/failed/gone/")
    assert answer["Retry-After"]
    assert time.monotonic() - began < 4
    assert is_nobody(visitor)


@pytest.mark.parametrize("place", ["discovery", "jwks", "token", "userinfo"])
@pytest.mark.parametrize("when", ["before", "midst"])
def test_a_provider_that_hangs_up(standard, configure, visitor, place, when):
    configure(config_of(standard))
    standard.twist(**{place: {"hangup": when}})

    answer = visitor.come_back(visitor.leave()) if place == "discovery" else visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (503, "/accounts/oidc/sso/failed/gone/")
    assert is_nobody(visitor)


def test_a_provider_that_is_gone(standard, configure, visitor):
    configure(config_of(standard, issuer="http://127.0.0.1:9"))

    answer = visitor.come_back(visitor.leave())

    assert (answer.status_code, visitor.path) == (503, "/accounts/oidc/sso/failed/gone/")
    assert "Example cannot be reached" in answer.text


def test_a_provider_that_is_gone_on_the_way_back(standard, configure, visitor):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())
    configure(config_of(standard, issuer="http://127.0.0.1:9"))

    assert visitor.come_back(back).status_code == 503
    assert is_nobody(visitor)


@pytest.mark.parametrize("state", ["", "&state=", "&state=forged", "&state=a&state=b"])
def test_a_forged_state_is_refused_before_the_provider_is_asked(standard, configure, visitor, state):
    configure(config_of(standard))
    visitor.leave()
    standard.twist()

    answer = visitor.come_back(f"/accounts/oidc/sso/login/callback/?code=x{state}&iss={standard.issuer}")

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/stale/")
    assert is_nobody(visitor)
    assert standard.seen() == []


def test_a_state_is_of_one_browser(standard, configure, visitor):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())
    other = type(visitor)()

    assert other.come_back(back).status_code == 403
    assert is_nobody(other)
    assert visitor.come_back(back).status_code == 200, "and still works in it"


def test_a_state_is_of_one_provider(standard, cognito, configure, visitor):
    configure(config_of(standard, "standard"), config_of(cognito, "cognito"))
    back = visitor.at_provider(visitor.leave("standard"))

    answer = visitor.come_back(back.replace("/standard/", "/cognito/"))

    assert (answer.status_code, visitor.person) == (403, "")


def test_a_state_gets_old(standard, configure, visitor, monkeypatch):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())
    later = time.time() + 700
    monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: later)

    assert visitor.come_back(back).status_code == 403
    assert is_nobody(visitor)


def test_an_answer_works_once(standard, configure, visitor):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())
    assert visitor.come_back(back).status_code == 200
    person, session = visitor.person, visitor.client.session.session_key

    answer = visitor.come_back(back)

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/stale/")
    assert (visitor.person, visitor.client.session.session_key) == (person, session), "and changes nothing"
    visitor.client.logout()
    assert visitor.come_back(back).status_code == 403
    assert visitor.person == ""


def test_a_code_works_once(standard, configure, visitor):
    """Even when the state is fresh: the provider refuses it."""
    configure(config_of(standard))
    used = query_of(visitor.at_provider(visitor.leave()))["code"]
    fresh = query_of(visitor.leave())["state"]
    visitor.come_back(f"/accounts/oidc/sso/login/callback/?code={used}&state={fresh}&iss={standard.issuer}")

    assert visitor.path == "/accounts/oidc/sso/failed/expired/", "its verifier is another sign-in's"
    assert is_nobody(visitor)


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        ("error=access_denied", 403, "denied"),
        ("error=login_required", 403, "denied"),
        ("error=temporarily_unavailable", 503, "gone"),
        ("error=<script>alert(1)</script>", 400, "failed"),
        ("error=access_denied&code=x", 403, "denied"),
        ("", 400, "expired"),
        ("code=", 400, "expired"),
    ],
)
def test_an_error_instead_of_a_code(standard, configure, visitor, answer, status, kind):
    configure(config_of(standard))
    state = query_of(visitor.leave())["state"]

    page = visitor.come_back(
        f"/accounts/oidc/sso/login/callback/?{answer}&state={state}&iss={standard.issuer}"
    )

    assert (page.status_code, visitor.path) == (status, f"/accounts/oidc/sso/failed/{kind}/")
    assert "alert(" not in page.text
    assert is_nobody(visitor)


@pytest.mark.parametrize("iss", ["", "&iss=https://evil.example"])
def test_another_provider_cannot_answer(standard, configure, visitor, iss):
    configure(config_of(standard))
    back = visitor.at_provider(visitor.leave())

    answer = visitor.come_back(back[: back.index("&iss=")] + iss)

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/refused/")
    assert is_nobody(visitor)


def test_somebody_who_says_no_at_the_provider(standard, configure, visitor):
    configure(config_of(standard))

    answer = visitor.come_back(visitor.at_provider(visitor.leave(), denied="1"))

    assert (answer.status_code, visitor.path) == (403, "/accounts/oidc/sso/failed/denied/")
    assert is_nobody(visitor)


def test_new_keys_are_fetched_when_an_unknown_one_has_signed(standard, configure, visitor):
    configure(config_of(standard))
    standard.twist(jwks={"set": {"keys": []}})
    assert visitor.sign_in("alice").status_code == 403

    standard.twist()

    assert visitor.sign_in("alice").status_code == 200, "although the keys were known a moment ago"
    asked = [each["path"] for each in standard.seen()]
    assert asked.count("/jwks") == 1


def test_known_keys_are_not_asked_for_again(standard, configure, visitor, settings):
    # Not shared with tests that run at the same time and clear it.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    configure(config_of(standard))
    visitor.sign_in("alice")
    standard.twist()

    type(visitor)().sign_in("bob")

    assert "/jwks" not in [each["path"] for each in standard.seen()]


def test_what_nobody_has_thought_of_ends_on_a_page(standard, configure, visitor, monkeypatch, caplog):
    configure(config_of(standard))

    def surprise(*args, **kwargs):
        raise ZeroDivisionError("alice@example.com")

    monkeypatch.setattr(views, "identity_in", surprise)

    answer = visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (502, "/accounts/oidc/sso/failed/broken/")
    assert "unforeseen ZeroDivisionError" in caplog.text
    assert is_nobody(visitor)


def test_what_goes_wrong_is_logged_without_secrets(standard, configure, visitor, caplog):
    configure(config_of(standard))
    standard.twist(id_token={"set": {"nonce": "another"}})
    back = visitor.at_provider(visitor.leave())

    visitor.come_back(back)

    assert "Sign-in with sso: refused (the nonce is another one)" in caplog.text
    for secret in (query_of(back)["code"], query_of(back)["state"], "alice", "only-for-tests"):
        assert secret not in caplog.text
