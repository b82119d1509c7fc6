"""The pages: Django's WSGI handler, which `chatscape.pages` calls in a few threads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatscape.settings")
application = get_wsgi_application()
