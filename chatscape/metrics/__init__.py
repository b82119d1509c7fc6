"""What a process counts of itself, and how all of a server tell it together (docs/monitoring.md)."""
