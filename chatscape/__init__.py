"""ChatScape: settings, addresses, server and the installable app."""

__version__ = "0.1.0"
