"""Nothing is kept for longer than it may be: what is old is deleted, by itself and by command.

Every process does it; deleting twice harms nobody. Ages go by the system's clock. One that was
ahead for a while has dated conversations too late: they are dated back to now, so that they are
kept for the set time from now on and not for ever. A clock that jumps ahead while the server runs
is not trusted at once, as it would delete what is new: the next run, an hour later, believes it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import count

import sqlalchemy as sa
from sanic import Sanic

from bot.settings import Settings
from bot.storage.database import create_tables, open_engine, wipe
from bot.storage.feedback import feedback_rows
from bot.storage.problems import StoreUnusable, origin
from bot.storage.tracker_store import conversations, deleted

logger = logging.getLogger(__name__)

_DAY = 86_400.0
_MINUTES_BETWEEN = 60
_JUMP = 3_600.0
"""A clock that gains so many seconds on the time that has passed was set."""


@dataclass(frozen=True)
class Purged:
    """How much was deleted."""

    conversations: int
    reasons: int


def purge(url: str, days: float, now: float | None = None) -> Purged:
    """Delete what is older than so many days from the database and all its files.

    Args:
        url: SQLAlchemy URL of the database.
        days: 0 deletes everything.
        now: seconds since the epoch, by default now.

    Raises:
        StoreUnusable: the database can't be used.
    """
    engine = open_engine(url)
    try:
        create_tables(engine)
        with engine.begin() as connection:
            purged = expire(connection, days, time.time() if now is None else now)
        wipe(engine)
    finally:
        engine.dispose()
    return purged


def expire(connection: sa.engine.Connection, days: float, now: float) -> Purged:
    """Delete what is older than so many days within a transaction."""
    last, day = conversations.c.zuletzt, feedback_rows.c.tag
    today, limit = date.fromtimestamp(now), now - days * _DAY
    connection.execute(conversations.update().where(last > now).values(zuletzt=now))
    connection.execute(feedback_rows.update().where(day > today).values(tag=today))
    gone = connection.execute(conversations.delete().where(last <= limit))
    reasons = connection.execute(
        feedback_rows.update()
        .where(day <= date.fromtimestamp(limit), feedback_rows.c.grund != "")
        .values(grund="")
    )
    connection.execute(deleted.delete().where(deleted.c.wann <= limit))
    return Purged(gone.rowcount, reasons.rowcount)


@dataclass
class ClockWatch:
    """Notices a clock that was set ahead since it was last looked at."""

    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _seen: tuple[float, float] | None = field(default=None, init=False)

    def jumped(self) -> bool:
        """Whether more time has passed by the clock than in fact, by more than an hour."""
        before, self._seen = self._seen, (self.clock(), self.steady())
        if before is None:
            return False
        return (self._seen[0] - before[0]) - (self._seen[1] - before[1]) > _JUMP


def keep_retention(app: Sanic, settings: Settings, forget_idle: Callable[[], None]) -> None:
    """Have the server delete what is old, at its start and every hour.

    Args:
        app: the web application.
        settings: where conversations are, and how long they are kept.
        forget_idle: has the memory of the channels cleared; called every minute.
    """
    task: list[asyncio.Task[None]] = []

    async def start(*_: object) -> None:
        task.append(asyncio.create_task(_run(settings, forget_idle)))

    async def stop(*_: object) -> None:
        for running in task:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        task.clear()

    app.register_listener(start, "after_server_start")
    app.register_listener(stop, "before_server_stop")


async def _run(settings: Settings, forget_idle: Callable[[], None]) -> None:
    watch = ClockWatch()
    for minute in count():
        forget_idle()
        if minute % _MINUTES_BETWEEN == 0:
            await asyncio.to_thread(purge_if_trusted, settings, watch)
        await asyncio.sleep(60)


def purge_if_trusted(settings: Settings, watch: ClockWatch) -> None:
    """Delete what is old, unless the clock has just jumped ahead; a failure is logged."""
    if watch.jumped():
        logger.warning(
            "Die Uhr ist vorgesprungen; das Löschen alter Gespräche wartet eine Stunde. Abhilfe: "
            "die Uhrzeit des Servers prüfen."
        )
        return
    try:
        purged = purge(settings.database, settings.retention_days)
    except (StoreUnusable, sa.exc.SQLAlchemyError) as error:
        logger.warning("Alte Gespräche ließen sich nicht löschen: %s", origin(error))
        return
    if purged.conversations or purged.reasons:
        logger.info(
            "Nach Ablauf der Frist gelöscht: %d Gespräche, %d Begründungen",
            purged.conversations,
            purged.reasons,
        )
