"""The least a signed-in Django page can be: session, user, one query of 50 rows, a template."""
