"""How often, counted over all processes."""

from __future__ import annotations

import math
from typing import Protocol

from bot.shared.link import Away, Link

_SCRIPT = """
-- The „generic cell rate algorithm“: a bucket as one number, the time at which it is full again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local step, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local over = full + step - now - size
if over > 0 then return math.ceil(over) end
redis.call('SET', KEYS[1], string.format('%.3f', full + step), 'PX', math.ceil(full + step - now))
return 0
"""


class Bucket(Protocol):
    """A limit in the memory of one process."""

    per_minute: int

    def wait(self, key: str) -> int:
        """Count an event; return 0, or after how many seconds the next one would be let through."""

    def forget_idle(self) -> None:
        """Forget the keys that no event has come for in a while."""


class Rate:
    """Lets through so many events a minute for each key."""

    def __init__(self, name: str, here: Bucket, link: Link | None) -> None:
        """Set up.

        Args:
            name: of what is limited.
            here: how many, and what counts in this process when Redis is away.
            link: to Redis, if there is one.
        """
        self._name = name
        self._here = here
        self._link = link
        step = 60_000 / here.per_minute
        self._arguments = (step, step * here.per_minute)

    async def wait(self, key: str) -> int:
        """Count an event; return 0, or after how many seconds the next one would be let through."""
        if self._link is None:
            return self._here.wait(key)
        name = self._link.name(self._name, key)
        try:
            milliseconds = await self._link.run(
                lambda redis: redis.eval(_SCRIPT, 1, name, *map(str, self._arguments))
            )
        except Away:
            return self._here.wait(key)
        return math.ceil(int(milliseconds) / 1000)

    def forget_idle(self) -> None:
        """Forget in this process what is of no use any more; in Redis it goes by itself."""
        self._here.forget_idle()
