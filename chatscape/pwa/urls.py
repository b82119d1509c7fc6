"""Addresses of the installable app."""

from django.urls import path

from chatscape.pwa import views

urlpatterns = [
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("sw.js", views.service_worker, name="service-worker"),
    path("offline/", views.offline, name="offline"),
    path("install/", views.install, name="install"),
    path("config.json", views.config, name="config"),
]
