"""Which providers there are, from the environment."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chatscape.env import Settings, bad_value

ONLY = "sso"
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_NEEDED = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")
_MORE = ("NAME", "SCOPES", "GROUPS_CLAIMS", "ADMIN_GROUPS", "MODERATOR_GROUPS", "SIGN_UP", "TRUST_EMAIL")


@dataclass(frozen=True)
class ProviderConfig:
    """One provider: who it is, who we are to it, and what its word is worth."""

    # In addresses and in the database: it stays.
    id: str
    # On the button.
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claims: tuple[str, ...] = ("groups", "cognito:groups")
    admin_groups: frozenset[str] = frozenset()
    moderator_groups: frozenset[str] = frozenset()
    # Whoever it lets in may join, invited or not.
    open: bool = True
    # Its addresses count as verified when it does not say whether they are.
    trust_email: bool = False

    @property
    def gives_roles(self) -> bool:
        return bool(self.admin_groups or self.moderator_groups)


def providers_in(env: Settings) -> tuple[ProviderConfig, ...]:
    """Read the providers: one by plain variables, or those of `OIDC_PROVIDERS` by variables of their own.

    Raises `ImproperlyConfigured` naming the variable that is missing or makes no sense.
    """
    ids = env.words(
        "OIDC_PROVIDERS",
        [],
        about=(
            "names of several providers, such as `cognito,corp`, each with all of these variables with its"
            " name in them, like `OIDC_COGNITO_ISSUER`"
        ),
    )
    _read(env, "OIDC_")
    plain = [name for name in (f"OIDC_{each}" for each in (*_NEEDED, *_MORE)) if env.text(name)]
    if not ids:
        return (_provider(env, ONLY, "OIDC_", "Single sign-on"),) if plain else ()
    if plain:
        raise bad_value(plain[0], "is for one provider; with OIDC_PROVIDERS each has its own")
    if len(set(ids)) < len(ids) or not all(_ID.fullmatch(each) and len(each) <= 30 for each in ids):
        raise bad_value("OIDC_PROVIDERS", "must be different short names like cognito,corp in lower case")
    return tuple(
        _provider(env, each, f"OIDC_{each.upper().replace('-', '_')}_", each.replace("-", " ").capitalize())
        for each in ids
    )


def local_accounts_in(env: Settings, providers: tuple[ProviderConfig, ...]) -> bool:
    """Say whether people may have a password or a passkey here: by default when there is no provider."""
    wanted = env.flag(
        "LOCAL_ACCOUNTS",
        default=not providers,
        about="whether people may sign in with a password or a passkey of their own here",
        shown="off with a provider, else on",
    )
    if not (wanted or providers):
        raise bad_value("LOCAL_ACCOUNTS", "without a provider (OIDC_ISSUER) nobody could sign in")
    return wanted


def is_safe_address(url: str, *, beside: str = "") -> bool:
    """Say whether a provider may be asked there: over https, or on this machine.

    Nothing that an https provider names may be plain http.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or parts.fragment or not url.isprintable() or " " in url:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and _is_this_machine(parts.hostname) and not beside.startswith("https:")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class _Given:
    """What is in the environment about one provider."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]
    groups_claims: tuple[str, ...]
    admins: frozenset[str]
    moderators: frozenset[str]
    sign_up: str
    trust_email: bool


def _read(env: Settings, prefix: str) -> _Given:
    named = prefix != "OIDC_"

    def words(name: str, default: tuple[str, ...], about: str) -> tuple[str, ...]:
        return tuple(env.words(prefix + name, list(default), about=about, named=named))

    return _Given(
        issuer=env.text(
            f"{prefix}ISSUER",
            about="an OpenID Connect provider to sign in with, see [sign-in.md](sign-in.md)",
            named=named,
        ),
        client_id=env.text(f"{prefix}CLIENT_ID", about="who we are to the provider", named=named),
        client_secret=env.text(
            f"{prefix}CLIENT_SECRET", about="proves it to the provider", secret=True, named=named
        ),
        name=env.text(
            f"{prefix}NAME",
            about='the name on the button, "Continue with ..."',
            shown="Single sign-on",
            named=named,
        ),
        scopes=words("SCOPES", ProviderConfig.scopes, "what the provider is asked for"),
        groups_claims=words(
            "GROUPS_CLAIMS", ProviderConfig.groups_claims, "the claims that name somebody's groups"
        ),
        admins=frozenset(words("ADMIN_GROUPS", (), "groups whose members are administrators here")),
        moderators=frozenset(words("MODERATOR_GROUPS", (), "groups whose members are moderators here")),
        sign_up=env.choice(
            f"{prefix}SIGN_UP",
            "open",
            ("open", "invited"),
            about="whether whom the provider lets in may join, or needs what a sign-up needs (`SIGN_UP`)",
            named=named,
        ),
        trust_email=env.flag(
            f"{prefix}TRUST_EMAIL",
            default=False,
            about="addresses count as verified when the provider does not say whether they are",
            named=named,
        ),
    )


def _provider(env: Settings, id: str, prefix: str, name: str) -> ProviderConfig:
    given = _read(env, prefix)
    for each, value in zip(_NEEDED, (given.issuer, given.client_id, given.client_secret), strict=True):
        if not value:
            raise bad_value(prefix + each, "is missing")
        if not value.isprintable():
            raise bad_value(prefix + each, "has characters that cannot be meant")
    if not is_safe_address(given.issuer) or urlsplit(given.issuer).query or given.issuer.endswith("?"):
        raise bad_value(f"{prefix}ISSUER", "must be an https:// address (http:// on this machine only)")
    name = given.name or name
    if len(name) > 40 or not name.isprintable():
        raise bad_value(f"{prefix}NAME", "must be at most 40 letters")
    if "openid" not in given.scopes or not all(_SCOPE.fullmatch(each) for each in given.scopes):
        raise bad_value(f"{prefix}SCOPES", "must be scopes separated by commas, openid among them")
    if given.admins & given.moderators:
        raise bad_value(f"{prefix}MODERATOR_GROUPS", "names a group that ADMIN_GROUPS names, too")
    return ProviderConfig(
        id=id,
        name=name,
        issuer=given.issuer,
        client_id=given.client_id,
        client_secret=given.client_secret,
        scopes=given.scopes,
        groups_claims=given.groups_claims,
        admin_groups=given.admins,
        moderator_groups=given.moderators,
        open=given.sign_up == "open",
        trust_email=given.trust_email,
    )
