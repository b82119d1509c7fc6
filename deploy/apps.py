"""The app, so that Django finds the commands."""

from django.apps import AppConfig


class DeployConfig(AppConfig):
    """Commands that put ChatScape elsewhere; no models."""

    name = "deploy"
    verbose_name = "Deploying"
