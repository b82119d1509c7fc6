"""Django's own sessions and sign-in, one template, no other middleware.

Everything below the pages is ChatScape's: the same database and, with `manage.py serve`, the same
server. So the difference between this page and one of ChatScape's is what the page itself costs.
"""

from chatscape.settings import *  # noqa: F403

# allauth's app insists on a middleware of its own; its tables are all that is needed here.
_quiet = {"allauth.account": "bench.trivial.apps.QuietConfig"}
INSTALLED_APPS = [*(_quiet.get(name, name) for name in INSTALLED_APPS), "bench.trivial"]  # noqa: F405
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ROOT_URLCONF = "bench.trivial.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
