"""Signing in with a provider: two different ones, by configuration alone."""

import pytest

from accounts.models import User
from accounts.tests.oidc.visits import config_of


@pytest.mark.parametrize("shape", ["standard", "cognito"])
def test_somebody_signs_in_and_is_at_home(request, shape, configure, visitor):
    configure(config_of(request.getfixturevalue(shape)))

    answer = visitor.sign_in("alice")

    assert (answer.status_code, visitor.path) == (200, "/")
    alice = User.objects.get()
    assert visitor.person == str(alice.pk)
    assert (alice.email, alice.name) == ("alice@example.com", "Alice")
    assert alice.emailaddress_set.get().verified
