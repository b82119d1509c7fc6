"""Providers as the environment names them; what makes no sense names itself."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.oidc.config import local_accounts_in, providers_in
from chatscape.env import Settings

ONE = {
    "OIDC_ISSUER": "https://id.example.org/realms/main",
    "OIDC_CLIENT_ID": "chatscape",
    "OIDC_CLIENT_SECRET": "secret",
}
TWO = {
    "OIDC_PROVIDERS": "cognito, my-corp",
    **{name.replace("OIDC_", "OIDC_COGNITO_"): value for name, value in ONE.items()},
    **{name.replace("OIDC_", "OIDC_MY_CORP_"): value for name, value in ONE.items()},
    "OIDC_MY_CORP_ISSUER": "https://corp.example/",
}


@pytest.fixture
def read(monkeypatch):
    def providers(env):
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return providers_in(Settings())

    return providers


def test_none(read):
    assert read({}) == ()


def test_one_by_three_variables(read):
    [only] = read(ONE)

    assert (only.id, only.name) == ("sso", "Single sign-on")
    assert (only.issuer, only.client_id, only.client_secret) == tuple(ONE.values())
    assert (only.open, only.trust_email, only.gives_roles) == (True, False, False)


def test_several(read):
    cognito, corp = read(
        {**TWO, "OIDC_MY_CORP_NAME": "The Corp", "OIDC_COGNITO_ADMIN_GROUPS": "root, admins"}
    )

    assert (cognito.id, cognito.name, cognito.admin_groups) == ("cognito", "Cognito", {"root", "admins"})
    assert (corp.id, corp.name, corp.issuer) == ("my-corp", "The Corp", "https://corp.example/")
    assert cognito.gives_roles
    assert not corp.gives_roles


def test_a_secret_may_be_in_a_file(read, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")
    env = {name: value for name, value in ONE.items() if name != "OIDC_CLIENT_SECRET"}

    [only] = read({**env, "OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")})

    assert only.client_secret == "from a file"
    assert "from a file" not in repr(only)


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:4000", "http://localhost:4000/x", "http://[::1]:4000", "https://10.0.0.1"]
)
def test_a_provider_on_this_machine_may_do_without_https(read, issuer):
    assert read({**ONE, "OIDC_ISSUER": issuer})[0].issuer == issuer


@pytest.mark.parametrize(
    ("env", "culprit"),
    [
        ({"OIDC_ISSUER": ""}, "OIDC_ISSUER"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID"),
        ({"OIDC_CLIENT_SECRET": " "}, "OIDC_CLIENT_SECRET"),
        ({"OIDC_ISSUER": "http://id.example.org"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "http://localhost.evil.example"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "id.example.org"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://me:word@id.example.org"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://id.example.org/?tenant=1"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://id.example.org/#x"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://id.example.org:port"}, "OIDC_ISSUER"),
        ({"OIDC_NAME": "x" * 41}, "OIDC_NAME"),
        ({"OIDC_SCOPES": "email"}, "OIDC_SCOPES"),
        ({"OIDC_SCOPES": "openid email"}, "OIDC_SCOPES"),
        ({"OIDC_SIGN_UP": "maybe"}, "OIDC_SIGN_UP"),
        ({"OIDC_TRUST_EMAIL": "sometimes"}, "OIDC_TRUST_EMAIL"),
        ({"OIDC_ADMIN_GROUPS": "a,b", "OIDC_MODERATOR_GROUPS": "b"}, "OIDC_MODERATOR_GROUPS"),
        ({"OIDC_CLIENT_SECRET_FILE": "/nowhere", "OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET"),
        ({"OIDC_PROVIDERS": "corp"}, "OIDC_ISSUER"),
    ],
)
def test_a_bad_value_names_itself_and_keeps_the_secret(read, env, culprit):
    with pytest.raises(ImproperlyConfigured) as error:
        read({**ONE, **env})

    assert str(error.value).startswith(f"{culprit}: ")
    assert "word" not in str(error.value)


@pytest.mark.parametrize("ids", ["Corp", "corp,corp", "co rp", "1st", "-corp", "corp/x", "x" * 31])
def test_names_of_providers_are_plain(read, ids):
    with pytest.raises(ImproperlyConfigured, match=r"^OIDC_PROVIDERS: "):
        read({**TWO, "OIDC_PROVIDERS": ids})


def test_each_of_several_needs_its_own(read):
    with pytest.raises(ImproperlyConfigured, match=r"^OIDC_MY_CORP_CLIENT_ID: is missing"):
        read({**TWO, "OIDC_MY_CORP_CLIENT_ID": ""})


@pytest.mark.parametrize(("env", "local"), [({}, True), (ONE, False), ({**ONE, "LOCAL_ACCOUNTS": "1"}, True)])
def test_local_accounts_are_for_where_there_is_no_provider(read, env, local):
    assert local_accounts_in(Settings(), read(env)) is local


def test_somebody_must_be_able_to_sign_in(read, monkeypatch):
    monkeypatch.setenv("LOCAL_ACCOUNTS", "0")
    with pytest.raises(ImproperlyConfigured, match=r"^LOCAL_ACCOUNTS: "):
        local_accounts_in(Settings(), read({}))
