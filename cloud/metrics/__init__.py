"""Figures of what a process does, for Prometheus: what they are, their live values, and where they are read."""
