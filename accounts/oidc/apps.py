from django.apps import AppConfig


class OIDCConfig(AppConfig):
    name = "accounts.oidc"
    label = "oidc"
    default_auto_field = "django.db.models.BigAutoField"
