"""What several processes share: in Redis when ``LOTSE_REDIS_URL`` is set, else in this process.

Correct it is without Redis, too: the database decides which of two turns counts
(:mod:`bot.storage.tracker_store`). Redis saves the loser its work, and keeps what is only ever
counted. So nothing here is missed for long when Redis is away (docs/decisions/0016-scale.md).
"""

from __future__ import annotations

from bot.secret import key
from bot.settings import Settings
from bot.shared.link import Link
from bot.shared.locks import ConversationLocks
from bot.shared.marks import Marks, MarksHere, MarksInRedis
from bot.shared.rates import Bucket, Rate

SEEN_SECONDS = 24 * 3600
"""Rocket.Chat's longest pause between two deliveries of a message is below three hours."""


class Shared:
    """Everything that is shared; one object for each process."""

    def __init__(self, settings: Settings) -> None:
        url = settings.redis_url.get_secret_value()
        self._link = Link(url, key(settings, "redis")) if url else None
        self.locks = ConversationLocks(self._link)
        """One turn of a conversation at a time."""
        self.closed = self._marks("zu", settings.session_hours * 3600)
        """Web conversations that were deleted; their tokens open nothing any more."""
        self.seen = self._marks("gesehen", SEEN_SECONDS)
        """Messages from Rocket.Chat that were taken on."""

    def rate(self, name: str, bucket: Bucket) -> Rate:
        """Return a limit that holds over all processes; the bucket is for when Redis is away."""
        return Rate(name, bucket, self._link)

    def health(self) -> dict[str, object] | None:
        """Return the state of Redis for ``/health``; ``None`` when there is none."""
        return self._link.health() if self._link else None

    async def close(self) -> None:
        """Close the connections."""
        if self._link:
            await self._link.close()

    def _marks(self, name: str, seconds: int) -> Marks:
        if self._link is None:
            return MarksHere()
        return MarksInRedis(name, seconds, self._link)
