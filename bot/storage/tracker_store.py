"""The conversations in a relational database: SQLite by default, PostgreSQL by one setting.

One row a conversation, overwritten by each turn, holding a bounded history. So a turn costs one
read and one write however long the conversation has been, and deleting is deleting a row.

The row is also what makes several processes safe. A turn is saved only over the state that it
began with, and the message's id and the reply are saved in the same step as what they led to. So
a message can be repeated at any time, to any process, whatever happened to the first one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.dialects import postgresql, sqlite

from bot.settings import get_settings
from bot.storage.database import Database, empty_log
from bot.storage.history import bound

DELETE_SLOT = "loeschen"
"""A conversation in which this slot is set is deleted instead of saved."""

_metadata = sa.MetaData()
_conversations = sa.Table(
    "unterhaltungen",
    _metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("zuletzt", sa.Float, nullable=False, index=True),
    sa.Column("ereignisse", sa.Text, nullable=False),
)


_UNKNOWN = object()
"""For a tracker that did not come from the store."""


class Overtaken(RuntimeError):
    """Another process has gone on with the conversation since this turn began."""


@dataclass(frozen=True)
class Earlier:
    """A message that was answered before."""

    metadata: dict[str, Any]
    reply: dict[str, Any]
    """As :meth:`bot.answer.Reply.to_json` returned it."""


class BoundedTrackerStore(TrackerStore, SerializedTrackerAsText):
    """Keeps each conversation as one row with its last events."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the database and create the table if need be.

        Args:
            domain: the assistant's domain.
            host: SQLAlchemy URL; by default ``LOTSE_DATABASE_URL``.
            event_broker: where Rasa streams events to, if anywhere.
            **kwargs: not used; Rasa passes whatever ``endpoints.yml`` holds.
        """
        self._limit = get_settings().history_events
        self._database = Database(host or get_settings().database, _metadata)
        super().__init__(domain, event_broker)

    async def create_tracker(
        self, sender_id: str, append_action_listen: bool = True
    ) -> DialogueStateTracker:
        """Return the tracker of a new conversation; it is stored with its first turn."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        tracker.stored_at = None
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the conversation, or delete it when the person asked for that.

        Raises:
            Overtaken: the stored conversation is not the one that the tracker came from.
            DatabaseGone: it could not be written.
        """
        await self.stream_events(tracker)
        if tracker.get_slot(DELETE_SLOT):
            await self.delete(tracker.sender_id)
            return
        bounded = DialogueStateTracker.from_events(
            tracker.sender_id, bound(tracker, self.domain, self._limit), self.domain.slots
        )
        row = {
            "id": tracker.sender_id,
            "zuletzt": time.time(),
            "ereignisse": self.serialise_tracker(bounded),
        }
        before = getattr(tracker, "stored_at", _UNKNOWN)
        await self._database.run(lambda connection: _write(connection, row, before))
        tracker.stored_at = row["zuletzt"]

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the conversation, or ``None`` when there is none.

        Raises:
            DatabaseGone: it could not be read.
        """
        row = await self._row(sender_id)
        tracker = self.deserialise_tracker(sender_id, row["ereignisse"]) if row else None
        if tracker is not None and row:
            tracker.stored_at = row["zuletzt"]
        return tracker

    async def exists(self, conversation_id: str) -> bool:
        """Whether there is a conversation."""
        return await self._row(conversation_id) is not None

    async def answered(self, sender_id: str, message_id: str) -> Earlier | None:
        """Return what a message was answered with, if it was and the history still holds it."""
        return _answered(await self._row(sender_id), message_id)

    async def last_reply(self, sender_id: str) -> dict[str, Any] | None:
        """Return what was said last in a conversation."""
        row = await self._row(sender_id)
        said = [reply for _, reply in _turns(row["ereignisse"]) if reply] if row else []
        return said[-1] if said else None

    async def delete(self, sender_id: str) -> None:
        """Delete a conversation."""
        query = _conversations.delete().where(_conversations.c.id == sender_id)
        deleted = await self._database.run(lambda connection: connection.execute(query).rowcount)
        if deleted:
            await asyncio.to_thread(empty_log, self._database.engine)

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""
        query = sa.select([_conversations.c.id])
        return await self._database.run(lambda c: [row[0] for row in c.execute(query)])

    async def _row(self, sender_id: str) -> sa.engine.Row | None:
        query = sa.select([_conversations]).where(_conversations.c.id == sender_id)
        return await self._database.run(lambda connection: connection.execute(query).first())


def _write(connection: sa.engine.Connection, row: dict[str, Any], before: object) -> None:
    """Write a row over the one that was stored at a time (``None``: over none).

    Raises:
        Overtaken: another one is stored by now.
    """
    own = _conversations.c.id == row["id"]
    if isinstance(before, float):
        update = _conversations.update().where(own, _conversations.c.zuletzt == before)
        written = connection.execute(update.values(row)).rowcount
    else:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(_conversations).values(row)
        update = {key: insert.excluded[key] for key in ("zuletzt", "ereignisse")}
        upsert = (
            insert.on_conflict_do_nothing()
            if before is None
            else insert.on_conflict_do_update(index_elements=["id"], set_=update)
        )
        written = connection.execute(upsert).rowcount
    if written:
        return
    stored = connection.execute(sa.select([_conversations.c.zuletzt]).where(own)).scalar()
    if stored != row["zuletzt"]:  # else it was written before the connection broke
        raise Overtaken


def _answered(row: sa.engine.Row | None, message_id: str) -> Earlier | None:
    if row is None or json.dumps(message_id) not in row["ereignisse"]:
        return None
    for message, reply in _turns(row["ereignisse"]):
        if message.get("message_id") == message_id and reply:
            return Earlier(message.get("metadata") or {}, reply)
    return None


def _turns(events: str) -> Iterable[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Yield each message of a stored conversation with its reply, if it had one."""
    message: dict[str, Any] | None = None
    reply = None
    for event in json.loads(events)["events"]:
        if event["event"] == "user":
            if message:
                yield message, reply
            message, reply = event, None
        elif event["event"] == "bot":
            custom = (event.get("data") or {}).get("custom") or {}
            reply = custom if "parts" in custom else reply
    if message:
        yield message, reply
