"""Real parts for tests: servers, a browser, the product's own process. Knows nothing of Django."""
