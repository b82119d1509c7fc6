"""What ChatScape decides for allauth's social accounts."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.oidc.connections import check_not_last
from accounts.oidc.people import person_for, prove
from accounts.oidc.provider import Provider
from accounts.oidc.roles import apply_groups


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Providers come from the environment alone; people are found or made before allauth goes on."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        return [
            SocialApp(provider=Provider.id, provider_id=each.id, name=each.name, client_id=each.client_id)
            for each in settings.OIDC_PROVIDERS
            if provider in (None, each.id, Provider.id) and client_id in (None, each.client_id)
        ]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find, link or make the person. Raises `Problem` when there shall be none."""
        identity, config = sociallogin.identity, sociallogin.provider.config
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            person = request.user
            if isinstance(person, User) and (not sociallogin.is_existing or sociallogin.user == person):
                prove(person, identity)
            return
        if not sociallogin.is_existing:
            sociallogin.account = person_for(request, sociallogin.account, identity, config)
            sociallogin.user = sociallogin.account.user
        prove(sociallogin.user, identity)
        sociallogin.user = apply_groups(config, sociallogin.user, identity.groups)

    def validate_disconnect(self, account: SocialAccount, accounts: Any) -> None:
        check_not_last(account)
