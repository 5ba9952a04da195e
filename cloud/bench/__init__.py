"""Benchmarks: what `throughline bench` measures, and how."""
