"""Measurements of ChatScape, run by hand: `make bench`. The latest figures are in docs/benchmarks.md."""
