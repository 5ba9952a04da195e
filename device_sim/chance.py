"""Chance that can be had again: every source of it in this house comes from a seed."""

from random import Random


def chance(*parts: object) -> Random:
    """The same numbers for the same parts, in every process."""
    return Random(":".join(map(str, parts)))  # noqa: S311 - chance for a simulation, not a secret
