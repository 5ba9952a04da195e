"""Decisions of the menu: pure functions over frozen values. No clock, no I/O, no randomness."""
