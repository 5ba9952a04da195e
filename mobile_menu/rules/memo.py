"""Remembers what a pure function made of its arguments, and never much: when it is full, it forgets everything.

For what is asked again and again with few different arguments. What is somebody's own must not be kept in one.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Shared by threads: at worst something is made twice. most: entries; 0 remembers nothing."""

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def all(self) -> dict[K, V]:
        """Everything that is remembered now."""
        return dict(self._kept)

    def get(self, key: K) -> V | None:
        return self._kept.get(key)

    def keep(self, key: K, value: V) -> V:
        if len(self._kept) >= self._most:
            self._kept.clear()
        if self._most:
            self._kept[key] = value
        return value

    def of(self, key: K, make: Callable[[K], V]) -> V:
        """What is kept for the key, else what is made of it now. A value is never None."""
        kept = self._kept.get(key)
        return kept if kept is not None else self.keep(key, make(key))
