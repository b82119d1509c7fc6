"""What `check --deploy` says about signing up."""

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings


@pytest.mark.parametrize(
    ("public_url", "confirm", "local", "warned"),
    [
        ("https://chat.example.org", False, True, True),
        ("https://chat.example.org", False, False, False),
        ("https://chat.example.org", True, True, False),
        ("http://chat.home", False, True, False),
        ("", False, True, False),
    ],
)
def test_a_public_server_that_believes_every_address_is_warned(
    settings: Settings, public_url: str, confirm: bool, local: bool, warned: bool
) -> None:
    settings.PUBLIC_URL, settings.CONFIRM_EMAIL, settings.LOCAL_ACCOUNTS = public_url, confirm, local
    found = [message.id for message in run_checks(include_deployment_checks=True)]
    assert ("accounts.W001" in found) == warned
