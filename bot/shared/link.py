"""Redis, as long as it answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import LockError, RedisError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

PREFIX = "lotse"
CONNECTIONS = 16
TIMEOUT = 2.0
"""Seconds for a command that takes a tenth of a millisecond."""
PAUSE = 1.0
"""So many seconds nobody asks a Redis that did not answer; then one command tries again."""


class Away(RuntimeError):
    """Redis does not answer; whoever asks has a way without it."""


class Link:
    """Runs commands on Redis. Its loss and its return are one log line each."""

    def __init__(self, url: str, secret: bytes) -> None:
        """Set up; the first command connects.

        Args:
            url: as ``redis://user:password@host:port/number``.
            secret: with it the names of keys are made, so that they tell nothing about anyone.
        """
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
        self._secret = secret
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._away = False
        self._again = 0.0

    def name(self, kind: str, value: str) -> str:
        """Return the key for something: neither addresses nor ids can be read from it."""
        message = f"{kind}:{value}".encode("utf-8", "replace")
        return f"{PREFIX}:{kind}:{hmac.digest(self._secret, message, hashlib.sha256).hex()[:32]}"

    async def run(self, command: Callable[[Redis], Awaitable[Result]]) -> Result:
        """Return what a command returns.

        Raises:
            Away: Redis can't be reached, is too slow, or refuses.
            LockError: it says that a lock is not ours.
        """
        if self._away:
            if time.monotonic() < self._again:
                raise Away
            self._again = time.monotonic() + PAUSE  # the others go on without meanwhile
        try:
            async with self._slots:
                result = await command(self._redis)
        except LockError:
            raise  # an answer of Redis, though its class says otherwise
        except (RedisError, OSError, asyncio.TimeoutError) as error:
            self._lost(error)
            raise Away from error
        if self._away:
            self._away = False
            logger.warning("Redis ist wieder erreichbar.")
        return result

    def health(self) -> dict[str, Any]:
        """Return the state for ``/health``."""
        return {"status": "degraded" if self._away else "ok"}

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.close()
        await self._redis.connection_pool.disconnect()

    def _lost(self, error: Exception) -> None:
        self._again = time.monotonic() + PAUSE
        if not self._away:
            self._away = True
            logger.error(
                "Redis antwortet nicht (%s). Der Lotse antwortet weiter; Grenzen gelten so lange "
                "je Prozess. Abhilfe: Redis und LOTSE_REDIS_URL prüfen.",
                type(error).__name__,
            )
