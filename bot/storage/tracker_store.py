"""The conversations in a relational database: SQLite by default, PostgreSQL by one setting.

One row a conversation, overwritten by each turn, holding a bounded history. So a turn costs one
read and one write however long the conversation has been, and deleting is deleting a row.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
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

_metadata = sa.MetaData()
_conversations = sa.Table(
    "unterhaltungen",
    _metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("zuletzt", sa.Float, nullable=False, index=True),
    sa.Column("ereignisse", sa.Text, nullable=False),
)


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
        self._engine = open_engine(url)
        _metadata.create_all(self._engine)
        super().__init__(domain, event_broker)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the conversation, or delete it when the person asked for that."""
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
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(_conversations).values(row)
        update = {key: insert.excluded[key] for key in ("zuletzt", "ereignisse")}
        with self._engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=update))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the conversation, or ``None`` when there is none."""
        query = sa.select([_conversations.c.ereignisse]).where(_conversations.c.id == sender_id)
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar()
        return self.deserialise_tracker(sender_id, stored) if stored else None

    async def delete(self, sender_id: str) -> None:
        """Delete a conversation."""
        with self._engine.begin() as connection:
            connection.execute(_conversations.delete().where(_conversations.c.id == sender_id))

    async def keys(self) -> Iterable[str]:
        """Return the ids of all conversations."""
        with self._engine.connect() as connection:
            return [row[0] for row in connection.execute(sa.select([_conversations.c.id]))]


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
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 10}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # WAL with NORMAL survives kill -9 and costs no fsync for each message
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")

    return engine
