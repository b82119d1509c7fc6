"""The trivial page under Django's own ASGI handler, as `django-admin startproject` has it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.trivial.settings")
application = get_asgi_application()
