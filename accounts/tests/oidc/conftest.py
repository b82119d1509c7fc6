"""Providers to sign in with: a standard one and one in Cognito's shape, both on this machine."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.tests.oidc.visits import Visitor
    from chatscape.testing.openid import ProviderServer


def _served(shape: str) -> "Iterator[ProviderServer]":
    from accounts.tests.oidc.visits import HERE, callback_of
    from chatscape.testing.openid import ProviderServer

    callbacks = [callback_of(id) for id in ("sso", "standard", "cognito")]
    with ProviderServer(shape, callbacks=callbacks, homes=[f"{HERE}/"]).start() as server:
        yield server


@pytest.fixture(scope="session")
def _standard() -> "Iterator[ProviderServer]":
    yield from _served("standard")


@pytest.fixture(scope="session")
def _cognito() -> "Iterator[ProviderServer]":
    yield from _served("cognito")


@pytest.fixture
def standard(_standard: "ProviderServer") -> "ProviderServer":
    """A provider as the standard has it, which does nothing unusual until it is told to."""
    _standard.people()
    _standard.twist()
    return _standard


@pytest.fixture
def cognito(_cognito: "ProviderServer") -> "ProviderServer":
    """A provider that answers as Amazon Cognito does."""
    _cognito.people()
    _cognito.twist()
    return _cognito


@pytest.fixture
def configure(settings: Any) -> "Callable[..., None]":
    """Use these providers, and no local accounts, as is the default then."""

    def use(*providers: Any, local: bool = False) -> None:
        settings.OIDC_PROVIDERS = providers
        settings.LOCAL_ACCOUNTS = local

    return use


@pytest.fixture
def visitor(db: None) -> "Visitor":
    from accounts.tests.oidc.visits import Visitor

    return Visitor()
