"""Sockets, groups and frames: the only place that knows them."""
