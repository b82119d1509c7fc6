"""A code for tokens (RFC 6749, 4.1.3, with RFC 7636)."""

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus

from django.http import HttpRequest

from accounts.oidc.metadata import Metadata
from accounts.oidc.problems import Kind, Problem
from accounts.oidc.wire import Answer, ask

if TYPE_CHECKING:
    from accounts.oidc.provider import Provider


# It is us that the provider does not want: nobody can do anything about it but who runs the server.
_OURS = ("invalid_client", "unauthorized_client", "unsupported_grant_type")


class Tokens(NamedTuple):
    """What is looked at once and then forgotten."""

    id_token: str
    # Empty when there is none.
    access_token: str


def exchange(
    code: str, state: dict[str, Any], metadata: Metadata, provider: "Provider", request: HttpRequest
) -> Tokens:
    """Return the tokens for a code. Raises `Problem`."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.callback_url(request),
        "code_verifier": state["pkce_code_verifier"],
    }
    answer = _answer(form, metadata, provider)
    if answer.status == HTTPStatus.BAD_REQUEST and _error(answer) not in _OURS:
        # Too old, used, or somebody else's.
        raise Problem(Kind.EXPIRED, "the code is not valid (any more)")
    if answer.status != HTTPStatus.OK:
        raise Problem(Kind.BROKEN, f"answered {answer.status} for a code")
    found = answer.json()
    id_token, access_token = found.get("id_token"), found.get("access_token")
    if not isinstance(id_token, str):
        raise Problem(Kind.REFUSED, "there is no ID token")
    if not (isinstance(access_token, str) and access_token.isascii() and access_token.isprintable()):
        access_token = ""
    return Tokens(id_token, access_token)


def _answer(form: dict[str, str], metadata: Metadata, provider: "Provider") -> Answer:
    """Ask with our secret in the header, or in the form where the provider does not know us otherwise.

    Some know both ways, and each client by one of them: who it is they check before they look at the code.
    """
    client_id, secret = provider.config.client_id, provider.config.client_secret
    both = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(both).decode()}"}
    in_form = form | {"client_id": client_id, "client_secret": secret}
    if "client_secret_post" not in metadata.auth_methods:
        return ask(metadata.token_endpoint, headers=headers, form=form)
    if "client_secret_basic" in metadata.auth_methods:
        answer = ask(metadata.token_endpoint, headers=headers, form=form)
        if answer.status != HTTPStatus.UNAUTHORIZED and _error(answer) != "invalid_client":
            return answer
    return ask(metadata.token_endpoint, form=in_form)


def _error(answer: Answer) -> object:
    try:
        return answer.json().get("error")
    except Problem:
        return None
