"""The pages: Django's WSGI handler, which `chatscape.asgi` runs in a fixed pool of threads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatscape.settings")
application = get_wsgi_application()
