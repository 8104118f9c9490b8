"""Work in the background: in order within a conversation, side by side between conversations."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]


class InOrder:
    """Runs the jobs of each conversation one after the other.

    Args:
        each: the most jobs that wait in one conversation.
        total: the most jobs that wait in all.
    """

    def __init__(self, each: int = 20, total: int = 1000) -> None:
        self._each = each
        self._total = total
        self._waiting: dict[str, deque[Job]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pending(self) -> int:
        """How many jobs wait or run."""
        return sum(len(jobs) for jobs in self._waiting.values())

    def add(self, conversation: str, job: Job) -> bool:
        """Take on a job; ``False`` when there are too many, or no more are taken on."""
        jobs = self._waiting.get(conversation, deque())
        if self._closed or len(jobs) >= self._each or self.pending >= self._total:
            return False
        jobs.append(job)
        if conversation not in self._waiting:
            self._waiting[conversation] = jobs
            worker = asyncio.create_task(self._work(conversation, jobs))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return True

    async def finish(self, patience: float) -> int:
        """Take on nothing more, finish what waits, and return how many jobs had to be given up.

        Args:
            patience: seconds after which the rest is given up.
        """
        self._closed = True
        if self._workers:
            await asyncio.wait(set(self._workers), timeout=patience)
        left = self.pending
        for worker in set(self._workers):
            worker.cancel()
        return left

    async def _work(self, conversation: str, jobs: deque[Job]) -> None:
        while jobs:
            try:
                await jobs[0]()
            except Exception:
                logger.exception("Eine Nachricht aus Rocket.Chat ließ sich nicht beantworten")
            jobs.popleft()
        del self._waiting[conversation]
