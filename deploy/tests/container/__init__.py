"""The image, the compose file and the units, tried."""
