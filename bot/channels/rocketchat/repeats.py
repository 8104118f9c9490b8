"""What has been seen, so that nothing is done twice; bounded, the oldest is forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

Value = TypeVar("Value")


class Bounded(OrderedDict[str, Value], Generic[Value]):
    """A dictionary that keeps its last written entries, at most ``size`` of them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __setitem__(self, key: str, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self._size:
            self.popitem(last=False)


class Seen(Protocol):
    """Remembers ids of messages; shared between processes where several run."""

    async def add(self, message_id: str) -> bool:
        """Remember an id; ``False`` when it was known already."""

    async def discard(self, message_id: str) -> None:
        """Forget an id, because its message could not be taken on after all."""


class SeenHere:
    """Remembers ids in the memory of this process."""

    def __init__(self, size: int = 20_000) -> None:
        self._ids: Bounded[None] = Bounded(size)

    async def add(self, message_id: str) -> bool:
        """Remember an id; ``False`` when it was known already."""
        known = message_id in self._ids
        self._ids[message_id] = None
        return not known

    async def discard(self, message_id: str) -> None:
        """Forget an id."""
        self._ids.pop(message_id, None)
