"""Ids that are remembered for a while."""

from __future__ import annotations

from typing import Protocol

from bot.shared.bounded import Bounded
from bot.shared.link import Away, Link

KEPT = 20_000
"""So many ids a process remembers itself; the oldest is forgotten first."""


class Marks(Protocol):
    """A set of ids; bounded."""

    async def add(self, id_: str) -> bool:
        """Remember an id; ``False`` when it was known already."""

    async def has(self, id_: str) -> bool:
        """Whether an id is known."""

    async def discard(self, id_: str) -> None:
        """Forget an id."""


class MarksHere:
    """Ids in the memory of this process."""

    def __init__(self, size: int = KEPT) -> None:
        self._ids: Bounded[None] = Bounded(size)

    async def add(self, id_: str) -> bool:
        """Remember an id; ``False`` when it was known already."""
        known = id_ in self._ids
        self._ids[id_] = None
        return not known

    async def has(self, id_: str) -> bool:
        """Whether an id is known."""
        return id_ in self._ids

    async def discard(self, id_: str) -> None:
        """Forget an id."""
        self._ids.pop(id_, None)


class MarksInRedis:
    """Ids that all processes know; what this one added, it knows also when Redis is away."""

    def __init__(self, name: str, seconds: int, link: Link) -> None:
        """Set up.

        Args:
            name: of the set.
            seconds: how long an id is remembered.
            link: to Redis.
        """
        self._name = name
        self._seconds = seconds
        self._link = link
        self._here = MarksHere()

    async def add(self, id_: str) -> bool:
        """Remember an id; ``False`` when any process knew it already."""
        if not await self._here.add(id_):
            return False
        name = self._link.name(self._name, id_)
        try:
            # without repetition: one whose first try had an effect would say „known“
            return bool(await self._link.run(lambda r: r.set(name, 1, nx=True, ex=self._seconds)))
        except Away:
            return True

    async def has(self, id_: str) -> bool:
        """Whether any process knows an id."""
        if await self._here.has(id_):
            return True
        name = self._link.name(self._name, id_)
        try:
            return bool(await self._link.run(lambda r: r.exists(name)))
        except Away:
            return False

    async def discard(self, id_: str) -> None:
        """Forget an id."""
        await self._here.discard(id_)
        name = self._link.name(self._name, id_)
        try:
            await self._link.run(lambda r: r.delete(name))
        except Away:
            return
