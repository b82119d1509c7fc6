"""People's journeys in a real browser, against ChatScape's own process."""
