"""A process of the assistant without its model: the real channels, stores and locks.

``python -m tests.services.scripted_process``; settings as always. It answers with the number of
the message in its conversation and the message. „langsam“ takes until there is a file ``weiter``
in LOTSE_STATE_DIR.
"""

from __future__ import annotations

import asyncio
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot

from bot import server
from bot.answer import Outcome, Paragraph, Reply
from bot.logs import configure_logging
from bot.once import Once
from bot.settings import Settings, get_settings
from bot.shared import Shared
from bot.storage.tracker_store import DELETE_SLOT, BoundedTrackerStore
from tests.scripted import live_knowledge

DOMAIN = Domain.empty()
DOMAIN.slots = [AnySlot(DELETE_SLOT, mappings=[{}], influence_conversation=False)]


class ScriptedAgent:
    """Takes turns as the real agent does, with a script in place of the model."""

    def __init__(self, settings: Settings, shared: Shared) -> None:
        self.lock_store = shared.locks
        self.tracker_store = BoundedTrackerStore(DOMAIN, host=settings.database)
        self._state = settings.state_dir
        self._once = Once(self.tracker_store, shared.locks, shared.closed)

    def is_ready(self) -> bool:
        return True

    async def handle_message(self, message: UserMessage) -> None:
        await self._once.take(message, self.process)

    async def process(self, message: UserMessage) -> None:
        tracker = await self.tracker_store.get_or_create_tracker(message.sender_id)
        tracker.update(
            UserUttered(message.text, message_id=message.message_id, metadata=message.metadata)
        )
        number = sum(isinstance(event, UserUttered) for event in tracker.events)
        if "langsam" in message.text:
            (self._state / "begonnen").touch()
            while not (self._state / "weiter").exists():
                await asyncio.sleep(0.01)
        reply = Reply(Outcome("answer"), (Paragraph(f"{number}: {message.text}"),)).to_json()
        tracker.update(BotUttered(data={"custom": reply}))
        if "lösche" in message.text:
            tracker.update(SlotSet(DELETE_SLOT, True))
        await self.tracker_store.save(tracker)
        await message.output_channel.send_custom_json(message.sender_id, reply)


def main() -> None:
    configure_logging()
    settings = get_settings()
    server.get_live_knowledge = live_knowledge  # type: ignore[assignment]

    async def create(settings: Settings, shared: Shared) -> Any:
        return ScriptedAgent(settings, shared)

    async def warm_up(_: object) -> None:
        """There is nothing to warm up."""

    server.create_agent = create  # type: ignore[assignment]
    server._warm_up = warm_up  # type: ignore[assignment]
    server.serve(settings)


if __name__ == "__main__":
    main()
