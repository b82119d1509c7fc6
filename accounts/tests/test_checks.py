"""What `check --deploy` says about signing up."""

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings


@pytest.mark.parametrize(
    ("public_url", "confirm", "warned"),
    [
        ("https://chat.example.org", False, True),
        ("https://chat.example.org", True, False),
        ("http://chat.home", False, False),
        ("", False, False),
    ],
)
def test_a_public_server_that_believes_every_address_is_warned(
    settings: Settings, public_url: str, confirm: bool, warned: bool
) -> None:
    settings.PUBLIC_URL, settings.CONFIRM_EMAIL = public_url, confirm
    found = [message.id for message in run_checks(include_deployment_checks=True)]
    assert ("accounts.W001" in found) == warned
