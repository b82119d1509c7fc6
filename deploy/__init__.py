"""From this checkout to a server of one's own: static files, infrastructure, images."""
