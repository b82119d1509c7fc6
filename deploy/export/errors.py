"""What stops a deployment."""


class Refused(Exception):
    """Nothing goes on; the text is one line for who runs the command, and says what to do."""


class Unsound(Exception):
    """All is exported, but what comes from the site is not that."""
