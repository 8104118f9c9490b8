"""Each message is answered once, whichever process it reaches, and however often."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import LockStore

from bot.shared.marks import Marks
from bot.storage.problems import forget_troubles
from bot.storage.tracker_store import Earlier, Overtaken

logger = logging.getLogger(__name__)

REPEATABLE = "wiederholbar"
"""In the metadata of a message whose id may come again; with a digest of the message."""
TURNS_AT_ONCE = 4
"""More would not be faster, as they need the processor; each would only take longer."""
_ATTEMPTS = 5


class ConversationClosed(RuntimeError):
    """The conversation was deleted while the message waited for its turn."""


class MessageReused(ValueError):
    """The id of a message was used before, for a different message."""


class Store(Protocol):
    """Where conversations are kept."""

    async def answered(self, sender_id: str, message_id: str) -> Earlier | None:
        """Return what a message was answered with before."""


class Once:
    """Takes turns: one at a time in a conversation, none twice, none over another."""

    def __init__(self, store: Store, locks: LockStore, closed: Marks) -> None:
        self._store = store
        self._locks = locks
        self._closed = closed
        self._slots = asyncio.Semaphore(TURNS_AT_ONCE)

    async def take(
        self, message: UserMessage, process: Callable[[UserMessage], Awaitable[Any]]
    ) -> None:
        """Answer a message, or give the answer that it had before.

        Args:
            message: what a person wrote.
            process: makes the turn and saves the conversation as its last step.

        Raises:
            ConversationClosed: it was deleted.
            MessageReused: another message had this id.
        """
        async with self._locks.lock(message.sender_id), self._slots:
            if await self._closed.has(message.sender_id):
                raise ConversationClosed
            for attempt in range(1, _ATTEMPTS + 1):
                if await self._repeated(message):
                    return
                try:
                    await process(message)
                    return
                except Overtaken:
                    if attempt == _ATTEMPTS:
                        raise
                    logger.info("Ein Gespräch ging in einem anderen Prozess weiter; noch einmal")
                    forget_troubles()

    async def _repeated(self, message: UserMessage) -> bool:
        digest = message.metadata.get(REPEATABLE) if message.metadata else None
        if digest is None:
            return False
        earlier = await self._store.answered(message.sender_id, message.message_id)
        if earlier is None:
            return False
        if earlier.metadata.get(REPEATABLE) != digest:
            raise MessageReused
        await message.output_channel.send_custom_json(message.sender_id, earlier.reply)
        return True
