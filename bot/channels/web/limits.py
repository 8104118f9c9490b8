"""The bounds of the web channel: how often, how many at once, and what is remembered meanwhile."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.once import MessageReused

Clock = Callable[[], float]
Answer = dict[str, Any]

ANSWERS_KEPT = 20
"""So many answers of a conversation can be asked for again under the id of their message."""
IDLE_SECONDS = 900
"""A conversation that nobody has written in for so long is no longer remembered here."""
KEYS_KEPT = 20_000


class RateLimit:
    """Lets through so many events a minute for each key, as a bucket that fills up steadily."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self.per_minute = per_minute
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Count an event; return 0, or after how many seconds the next one would be let through."""
        now = self._clock()
        level, since = self._buckets.pop(key, (self._size, now))
        level = min(self._size, level + (now - since) * self._per_second)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        if len(self._buckets) > KEYS_KEPT:
            self._buckets.popitem(last=False)
        self.forget_idle()
        return 0 if allowed else math.ceil((1 - level) / self._per_second)

    def forget_idle(self) -> None:
        """Forget the keys whose bucket is full again by now: they say who was here, for nothing."""
        while self._buckets:
            key, (_, since) = next(iter(self._buckets.items()))
            if self._clock() - since < 60:
                return
            del self._buckets[key]


class TooMany(RuntimeError):
    """No further conversation can be opened now."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many open conversations")
        self.retry_after = retry_after


@dataclass
class Session:
    """What is remembered of an open conversation, in memory only."""

    used: float
    answers: OrderedDict[str, tuple[str, asyncio.Task[Answer]]] = field(default_factory=OrderedDict)
    """Message id -> digest of the message, and its answer, which may still be in the making."""

    def answer(
        self, message: str, digest: str, make: Callable[[], Coroutine[Any, Any, Answer]]
    ) -> asyncio.Task[Answer]:
        """Return the answer to a message, made now if it has not been made before.

        Raises:
            MessageReused: the id belongs to another message.
        """
        if message in self.answers:
            known, task = self.answers[message]
            if known != digest:
                raise MessageReused
            if not (task.done() and (task.cancelled() or task.exception())):
                return task
        task = asyncio.get_running_loop().create_task(make())
        self.answers[message] = (digest, task)
        while len(self.answers) > ANSWERS_KEPT:
            self.answers.popitem(last=False)
        return task


class Sessions:
    """The open conversations of this process; those long unused are dropped when one is opened."""

    def __init__(self, limit: int, clock: Clock = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._open: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, conversation: str) -> Session:
        """Return the session of a conversation, a new one if there is none (any more).

        Raises:
            TooMany: there is no room, and no conversation has been idle for long enough.
        """
        now = self._clock()
        session = self._open.pop(conversation, None)
        if session is None:
            self._make_room(now)
            session = Session(now)
        session.used = now
        self._open[conversation] = session
        return session

    def forget_idle(self) -> None:
        """Drop the conversations that nobody has written in for long."""
        now = self._clock()
        while self._open:
            oldest = next(iter(self._open))
            if now - self._open[oldest].used < IDLE_SECONDS:
                return
            del self._open[oldest]

    def close(self, conversation: str) -> None:
        """Forget a conversation."""
        self._open.pop(conversation, None)

    def _make_room(self, now: float) -> None:
        self.forget_idle()
        if len(self._open) >= self._limit:
            idle = now - next(iter(self._open.values())).used
            raise TooMany(math.ceil(IDLE_SECONDS - idle))
