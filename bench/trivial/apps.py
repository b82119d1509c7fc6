"""allauth's accounts without their demands."""

from allauth.account.apps import AccountConfig


class QuietConfig(AccountConfig):
    """Tables, and nothing that is done when the process starts."""

    def ready(self) -> None:
        pass
