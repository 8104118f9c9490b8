"""The conversations in a relational database: SQLite by default, PostgreSQL by one setting.

One row a conversation, overwritten by each turn, holding a bounded history. So a turn costs one
read and one write however long the conversation has been, and deleting is deleting a row.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.dialects import postgresql, sqlite

from bot.settings import get_settings
from bot.storage.history import bound

logger = logging.getLogger(__name__)

DELETE_SLOT = "loeschen"
"""A conversation in which this slot is set is deleted instead of saved."""

metadata = sa.MetaData()
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

_LOCK_SECONDS = 10
_WIPE_SECONDS = 0.5


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
        url = host or get_settings().database
        self._limit = get_settings().history_events
        self._lifetime = get_settings().retention_days * 86_400.0
        self._engine = open_engine(url)
        metadata.create_all(self._engine)
        super().__init__(domain, event_broker)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the conversation, or delete it when the person asked for that."""
        await self.stream_events(tracker)
        if tracker.get_slot(DELETE_SLOT):
            await self.delete(tracker.sender_id)
            return
        events = bound(tracker, self.domain, self._limit, since=time.time() - self._lifetime)
        bounded = DialogueStateTracker.from_events(tracker.sender_id, events, self.domain.slots)
        row = {
            "id": tracker.sender_id,
            "zuletzt": time.time(),
            "ereignisse": self.serialise_tracker(bounded),
        }
        with self._engine.begin() as connection:
            connection.execute(upsert(self._engine, conversations, row))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the conversation, or ``None`` when there is none or its time is over."""
        query = sa.select([conversations.c.ereignisse]).where(
            conversations.c.id == sender_id,
            conversations.c.zuletzt >= time.time() - self._lifetime,
        )
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar()
        return self.deserialise_tracker(sender_id, stored) if stored else None

    async def delete(self, sender_id: str) -> None:
        """Delete a conversation, with every trace of it in the files of the database."""
        mark = upsert(self._engine, deleted, {"kennung": digest(sender_id), "wann": time.time()})
        with self._engine.begin() as connection:
            connection.execute(conversations.delete().where(conversations.c.id == sender_id))
            connection.execute(mark)
        wipe(self._engine)

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""
        with self._engine.connect() as connection:
            return [row[0] for row in connection.execute(sa.select([conversations.c.id]))]


class Nowhere(TrackerStore):
    """Where Rasa puts conversations that can't be saved: their texts must not pile up in memory."""

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Forget the conversation."""

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return nothing."""
        return None

    async def keys(self) -> Iterable[str]:
        """Return nothing."""
        return []


def digest(sender_id: str) -> str:
    """Return what stands for the id of a deleted conversation."""
    return hashlib.sha256(sender_id.encode("utf-8", "replace")).hexdigest()


def upsert(engine: sa.engine.Engine, table: sa.Table, row: Mapping[str, Any]) -> Any:
    """Return the statement that writes a row, in place of the one with the same primary key."""
    dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(row)
    keys = [column.name for column in table.primary_key]
    update = {name: insert.excluded[name] for name in row if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=update)


def wipe(engine: sa.engine.Engine) -> bool:
    """Empty SQLite's write-ahead log, which still holds what has been deleted or overwritten.

    Returns ``False`` when somebody is reading an older state; the next attempt will do it then.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(_WIPE_SECONDS * 1000)}")
        try:
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_LOCK_SECONDS * 1000}")
    return not busy


def open_engine(url: str) -> sa.engine.Engine:
    """Return the engine of a database; a missing SQLite file and its folder are made."""
    parsed = sa.engine.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(
            url, pool_size=5, max_overflow=5, pool_pre_ping=True, hide_parameters=True
        )
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": _LOCK_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # WAL with NORMAL survives kill -9 and costs no fsync for each message
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")

    return engine
