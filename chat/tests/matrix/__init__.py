"""Who may do what: every address, every action of the socket, every event and every page of the admin site.

The addresses come from the resolver, the actions and events from the modules that hold them: what has no row
here fails the tests.
"""
