"""The conversations in a relational database: SQLite by default, PostgreSQL by one setting.

One row a conversation, overwritten by each turn, holding a bounded history. So a turn costs one
read and one write however long the conversation has been, and deleting is deleting a row.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import get_settings
from bot.storage.history import bound
from bot.storage.problems import StoreProblem, StoreUnusable, note, problem_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOCK_SECONDS = 5
"""So long a statement waits for another process that holds the SQLite database."""
_WIPE_SECONDS = 0.5

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
_signs = sa.Table(
    "lebenszeichen",
    metadata,
    sa.Column("zuletzt", sa.Float, nullable=False),
)
"""One row, written to see whether writing works."""


class BoundedTrackerStore(TrackerStore, SerializedTrackerAsText):
    """Keeps each conversation as one row with its last events.

    Statements run in a thread, so that a slow or locked database holds up nobody else. When it
    fails, reading finds nothing and saving does nothing; the turn is told
    (:mod:`bot.storage.problems`) and tells the person. Rasa's own fallback would keep such
    conversations in memory, unbounded and out of reach of a deletion.
    """

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

        Raises:
            StoreUnusable: the database can't be used.
        """
        url = host or get_settings().database
        self._limit = get_settings().history_events
        self._lifetime = get_settings().retention_days * 86_400.0
        self._engine = open_engine(url)
        create_tables(self._engine)
        super().__init__(domain, event_broker)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the conversation, or delete it when the person asked for that."""
        await self.stream_events(tracker)
        try:
            if tracker.get_slot(DELETE_SLOT):
                await self.delete(tracker.sender_id)
            else:
                await self._run(lambda: self._write(self._row(tracker)))
        except SQLAlchemyError as error:
            note(error)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the conversation, or ``None`` when there is none or its time is over."""
        try:
            stored = await self._run(lambda: self._read(sender_id))
        except SQLAlchemyError as error:
            note(error)
            return None
        return self.deserialise_tracker(sender_id, stored) if stored else None

    async def delete(self, sender_id: str) -> None:
        """Delete a conversation, with every trace of it in the files of the database.

        Raises:
            SQLAlchemyError: it could not be deleted.
        """
        await self._run(lambda: self._remove(sender_id))

    async def ping(self) -> None:
        """Write a sign of life.

        Raises:
            SQLAlchemyError: the database can't read or write.
        """
        await self._run(self._sign)

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""
        return await self._run(self._ids)

    async def _run(self, work: Callable[[], T]) -> T:
        """Work with the database in a thread; when its tables are gone, make them anew first."""
        try:
            return await asyncio.to_thread(work)
        except SQLAlchemyError as error:
            if problem_of(error) is not StoreProblem.MISSING:
                raise
            await asyncio.to_thread(metadata.create_all, self._engine)
            logger.error("Die Datenbank war nicht mehr da; es geht mit einer leeren weiter.")
            return await asyncio.to_thread(work)

    def _sign(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.select([conversations.c.id]).limit(1)).fetchall()
            now = {"zuletzt": time.time()}
            if not connection.execute(_signs.update().values(now)).rowcount:
                connection.execute(_signs.insert().values(now))

    def _row(self, tracker: DialogueStateTracker) -> dict[str, Any]:
        events = bound(tracker, self.domain, self._limit, since=time.time() - self._lifetime)
        bounded = DialogueStateTracker.from_events(tracker.sender_id, events, self.domain.slots)
        return {
            "id": tracker.sender_id,
            "zuletzt": time.time(),
            "ereignisse": self.serialise_tracker(bounded),
        }

    def _write(self, row: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(upsert(self._engine, conversations, row))

    def _read(self, sender_id: str) -> str | None:
        query = sa.select([conversations.c.ereignisse]).where(
            conversations.c.id == sender_id,
            conversations.c.zuletzt >= time.time() - self._lifetime,
        )
        with self._engine.connect() as connection:
            stored: str | None = connection.execute(query).scalar()
        return stored

    def _remove(self, sender_id: str) -> None:
        mark = upsert(self._engine, deleted, {"kennung": digest(sender_id), "wann": time.time()})
        with self._engine.begin() as connection:
            connection.execute(conversations.delete().where(conversations.c.id == sender_id))
            connection.execute(mark)
        wipe(self._engine)

    def _ids(self) -> list[str]:
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
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")
    return not busy


def create_tables(engine: sa.engine.Engine) -> None:
    """Create the tables that are missing.

    Raises:
        StoreUnusable: the database can't be used.
    """
    try:
        metadata.create_all(engine)
    except SQLAlchemyError as error:
        raise StoreUnusable(error) from error


def open_engine(url: str) -> sa.engine.Engine:
    """Return the engine of a database; a missing SQLite file and its folder are made.

    What is stored never becomes part of an error message, and so of the log.
    """
    parsed = sa.engine.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(
            url, pool_size=5, max_overflow=5, pool_pre_ping=True, hide_parameters=True
        )
    if parsed.database and parsed.database != ":memory:":
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnusable(error) from error
    # parameters are texts of messages, which errors must not carry into the log
    engine = sa.create_engine(url, connect_args={"timeout": LOCK_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # WAL with NORMAL survives kill -9 and costs no fsync for each message
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")

    return engine
