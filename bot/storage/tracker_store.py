"""The conversations in a relational database: SQLite by default, PostgreSQL by one setting.

One row a conversation, overwritten by each turn, holding a bounded history. So a turn costs one
read and one write however long the conversation has been, and deleting is deleting a row.

The row is also what makes several processes safe. A turn is saved only over the state that it
began with, and the message's id and the reply are saved in the same step as what they led to. So
a message can be repeated at any time, to any process, whatever happened to the first one.

Most of reading a conversation is making events out of text. So the last ones are also kept as they
are, and taken when the database still holds what was written with them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
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
from sqlalchemy.exc import SQLAlchemyError

from bot.answer import FAILED
from bot.settings import get_settings
from bot.storage.database import Database, metadata, upsert
from bot.storage.history import bound
from bot.storage.problems import note

DELETE_SLOT = "loeschen"
"""A conversation in which this slot is set is deleted instead of saved."""

conversations = sa.Table(
    "unterhaltungen",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("zuletzt", sa.Float, nullable=False, index=True),
    sa.Column("ereignisse", sa.Text, nullable=False),
)
deleted = sa.Table(
    "geloescht",
    metadata,
    sa.Column("kennung", sa.String(64), primary_key=True),
    sa.Column("wann", sa.Float, nullable=False),
)
"""Digests of the ids of conversations that were deleted, so that no backup brings them back."""
_signs = sa.Table(
    "lebenszeichen",
    metadata,
    sa.Column("zuletzt", sa.Float, nullable=False),
)
"""One row, written to see whether writing works."""

_KEPT = 64
"""Conversations kept in memory besides the database …"""
_KEPT_SECONDS = 15 * 60.0
"""… and for how long after their last message."""
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
    """Keeps each conversation as one row with its last events.

    When the database fails, reading finds nothing and saving does nothing; the turn is told
    (:mod:`bot.storage.problems`) and tells the person. What could only not be read is not written
    over: a turn that took it for a new conversation is overtaken by it.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the database and create the tables if need be.

        Args:
            domain: the assistant's domain.
            host: SQLAlchemy URL; by default ``LOTSE_DATABASE_URL``.
            event_broker: where Rasa streams events to, if anywhere.
            **kwargs: not used; Rasa passes whatever ``endpoints.yml`` holds.

        Raises:
            StoreUnusable: the database can't be used.
        """
        self._limit = get_settings().history_events
        self._lifetime = get_settings().retention_days * 86_400.0
        self._database = Database(host or get_settings().database)
        self._kept: OrderedDict[str, tuple[float, DialogueStateTracker]] = OrderedDict()
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
        """
        await self.stream_events(tracker)
        try:
            if tracker.get_slot(DELETE_SLOT):
                await self.delete(tracker.sender_id)
            else:
                await self._write(tracker)
        except SQLAlchemyError as error:
            note(error)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the conversation, or ``None`` when there is none or its time is over."""
        _, kept = self._kept.pop(sender_id, (0.0, None))  # whoever has it changes it
        row = await self._row(sender_id)
        if kept is not None and row and kept.stored_at == row["zuletzt"]:
            return kept
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
        """Delete a conversation, with every trace of it in the files of the database.

        Raises:
            SQLAlchemyError: it could not be deleted.
        """
        self._kept.pop(sender_id, None)
        mark = {"kennung": digest(sender_id), "wann": time.time()}

        def remove(connection: sa.engine.Connection) -> None:
            connection.execute(conversations.delete().where(conversations.c.id == sender_id))
            connection.execute(upsert(connection, deleted, mark))

        await self._database.run(remove)
        await self._database.wipe()

    def forget_idle(self) -> None:
        """Drop the conversations that nobody has written in for long from memory."""
        until = time.monotonic() - _KEPT_SECONDS
        while self._kept and next(iter(self._kept.values()))[0] < until:
            self._kept.popitem(last=False)

    async def ping(self) -> None:
        """Write a sign of life.

        Raises:
            SQLAlchemyError: the database can't read or write.
        """
        await self._database.run(_sign)

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""
        query = sa.select([conversations.c.id])
        return await self._database.run(lambda c: [row[0] for row in c.execute(query)])

    async def _row(self, sender_id: str) -> sa.engine.Row | None:
        query = sa.select([conversations]).where(
            conversations.c.id == sender_id,
            conversations.c.zuletzt >= time.time() - self._lifetime,
        )
        try:
            return await self._database.run(lambda connection: connection.execute(query).first())
        except SQLAlchemyError as error:
            note(error)
            return None

    async def _write(self, tracker: DialogueStateTracker) -> None:
        now = time.time()
        oldest = now - self._lifetime
        events = bound(tracker, self.domain, self._limit, since=oldest)
        bounded = DialogueStateTracker.from_events(tracker.sender_id, events, self.domain.slots)
        row = {
            "id": tracker.sender_id,
            "zuletzt": now,
            "ereignisse": self.serialise_tracker(bounded),
        }
        before = getattr(tracker, "stored_at", _UNKNOWN)
        await self._database.run(lambda connection: _write(connection, row, before, oldest))
        tracker.stored_at = bounded.stored_at = now
        self._kept[tracker.sender_id] = time.monotonic(), bounded
        self._kept.move_to_end(tracker.sender_id)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def digest(sender_id: str) -> str:
    """Return what stands for the id of a deleted conversation."""
    return hashlib.sha256(sender_id.encode("utf-8", "replace")).hexdigest()


def _sign(connection: sa.engine.Connection) -> None:
    connection.execute(sa.select([conversations.c.id]).limit(1)).fetchall()
    now = {"zuletzt": time.time()}
    if not connection.execute(_signs.update().values(now)).rowcount:
        connection.execute(_signs.insert().values(now))


def _write(
    connection: sa.engine.Connection, row: dict[str, Any], before: object, oldest: float
) -> None:
    """Write a row over the one that was stored at a time.

    Args:
        connection: to the database.
        row: what to write.
        before: when the other one was stored; ``None``: there was none, ``_UNKNOWN``: over any.
        oldest: one that was stored before counts as none.

    Raises:
        Overtaken: another one is stored by now.
    """
    own, stored_at = conversations.c.id == row["id"], conversations.c.zuletzt
    if isinstance(before, float):
        statement = conversations.update().where(own, stored_at == before).values(row)
    else:
        over = stored_at < oldest if before is None else None
        statement = upsert(connection, conversations, row, over)
    if connection.execute(statement).rowcount:
        return
    stored = connection.execute(sa.select([stored_at]).where(own)).scalar()
    if stored != row["zuletzt"]:  # else it was written before the connection broke
        raise Overtaken


def _answered(row: sa.engine.Row | None, message_id: str) -> Earlier | None:
    if row is None or json.dumps(message_id) not in row["ereignisse"]:
        return None
    for message, reply in _turns(row["ereignisse"]):
        if message.get("message_id") == message_id and reply and not _failed(reply):
            return Earlier(message.get("metadata") or {}, reply)
    return None


def _failed(reply: dict[str, Any]) -> bool:
    """Whether a reply says that there was no answer; the same message is another try then."""
    return bool(reply.get("answer", {}).get("topic") == FAILED)


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
