"""One turn of a conversation at a time, in all processes.

Rasa's own stores are not used: ``RedisLockStore`` blocks the event loop, reads and writes its
tickets in two steps, so that two processes can hold one lock, and both stores look only once a
second whether it is their turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from rasa.core.lock_store import LockError, LockStore
from redis.asyncio.lock import Lock
from redis.exceptions import LockError as NotOurs

from bot.shared.link import Away, Link

LEASE = 4.0
"""Seconds after which the lock of a killed process is free."""
PATIENCE = 60.0
"""Seconds to wait for a turn in another process: its people may be queueing there, too."""
LOOK_AGAIN = 0.05


class ConversationLocks(LockStore):
    """Locks by conversation: first come, first served in a process, and leases in Redis.

    When Redis is away, each process locks for itself. A turn that loses its lease while it runs
    goes on. In both cases the tracker store sees to it that no turn overwrites another.
    """

    def __init__(self, link: Link | None = None) -> None:
        super().__init__()
        self._link = link
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = 0, wait_time_in_seconds: float = 0
    ) -> AsyncIterator[None]:
        """Hold the lock of a conversation; the two times are for Rasa and not used.

        Raises:
            LockError: another process did not finish its turn for a long time.
        """
        async with self._here.setdefault(conversation_id, asyncio.Lock()):
            if self._link is None:
                yield
                return
            lock = await self._take(self._link, conversation_id)
            keeping = asyncio.create_task(self._keep(self._link, lock)) if lock else None
            try:
                yield
            finally:
                if lock and keeping:
                    keeping.cancel()
                    with contextlib.suppress(Away, NotOurs):
                        await _free(self._link, lock)

    async def _take(self, link: Link, conversation: str) -> Lock | None:
        """Wait for a lease and return it; ``None`` when Redis is away."""
        end = asyncio.get_running_loop().time() + PATIENCE
        name = link.name("sperre", conversation)
        while asyncio.get_running_loop().time() < end:
            try:
                if lock := await link.run(lambda redis: _try(Lock(redis, name, LEASE))):
                    return lock
            except Away:
                return None
            await asyncio.sleep(LOOK_AGAIN)
        raise LockError("Ein anderer Prozess wird mit seiner Antwort nicht fertig.")

    async def _keep(self, link: Link, lock: Lock) -> None:
        """Renew a lease until it is given back."""
        with contextlib.suppress(NotOurs):
            while True:
                await asyncio.sleep(LEASE / 4)
                with contextlib.suppress(Away):
                    await link.run(lambda _: _renew(lock))


async def _try(lock: Lock) -> Lock | None:
    # the token is kept in the lock; ``SET NX`` and its expiry are one step
    return lock if await lock.acquire(blocking=False) else None


async def _renew(lock: Lock) -> None:
    if not await lock.owned():
        raise NotOurs
    await lock.reacquire()


async def _free(link: Link, lock: Lock) -> None:
    await link.run(lambda _: lock.release())
