"""The database: how it is opened, and how work is done in it without holding up anyone else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, ProgrammingError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

CONNECTIONS = 6
"""So many connections a process has at most."""
PATIENCE = 12.0
"""Seconds in which work must succeed, repetitions included; a restart of PostgreSQL takes fewer."""
_POSTGRES = {
    "connect_timeout": 3,
    "application_name": "engagement-lotse",
    "options": "-c statement_timeout=5s -c lock_timeout=3s"
    " -c idle_in_transaction_session_timeout=30s",
    # a machine that is gone without a word is noticed in seconds, not in hours
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


_PASSING = (OperationalError, InterfaceError, sa.exc.TimeoutError)
"""Errors that may be over soon."""


class DatabaseGone(RuntimeError):
    """The database did not answer in time, or refuses."""


class Database:
    """Does work in threads, each piece in a transaction of its own."""

    def __init__(self, url: str, tables: sa.MetaData) -> None:
        """Open the database and create the tables if need be."""
        self.engine = open_engine(url)
        create_tables(self.engine, tables)
        self._threads = ThreadPoolExecutor(CONNECTIONS, "datenbank")
        self._away = False

    async def run(self, work: Callable[[sa.engine.Connection], Result]) -> Result:
        """Return what the work returns, which is begun anew while the database is away.

        Args:
            work: may have been done already when it is called, if its connection broke just then.

        Raises:
            DatabaseGone: it did not succeed within ``PATIENCE``.
        """
        end, pause = time.monotonic() + PATIENCE, 0.05
        while True:
            try:
                result = await self._once(work, end)
            except sa.exc.SQLAlchemyError as error:
                cause = _first_line(error)
                self._lost(cause)
                if not isinstance(error, _PASSING) or time.monotonic() + pause > end:
                    raise DatabaseGone(cause) from None
            except asyncio.TimeoutError:
                self._lost("keine Antwort")
                raise DatabaseGone("keine Antwort") from None
            else:
                if self._away:
                    self._away = False
                    logger.warning("Die Datenbank ist wieder erreichbar.")
                return result
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    async def _once(self, work: Callable[[sa.engine.Connection], Result], end: float) -> Result:
        in_thread = asyncio.get_running_loop().run_in_executor(self._threads, self._do, work)
        return await asyncio.wait_for(in_thread, end - time.monotonic())

    def _do(self, work: Callable[[sa.engine.Connection], Result]) -> Result:
        with self.engine.begin() as connection:
            return work(connection)

    def _lost(self, cause: str) -> None:
        if not self._away:
            self._away = True
            logger.error(
                "Die Datenbank antwortet nicht (%s); es wird weiter versucht. Abhilfe: Datenbank "
                "und LOTSE_DATABASE_URL prüfen.",
                cause,
            )


def _first_line(error: Exception) -> str:
    """Return what went wrong; further lines of PostgreSQL quote the statement with its values."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).strip().partition(chr(10))[0]}"


def open_engine(url: str) -> sa.engine.Engine:
    """Return the engine of a database; a missing SQLite file and its folder are made."""
    parsed = sa.engine.make_url(url)
    # an error's text goes to the log, and must not carry what people wrote
    common: dict[str, Any] = {"hide_parameters": True, "pool_size": CONNECTIONS, "max_overflow": 0}
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(
            url, pool_timeout=3, pool_pre_ping=True, connect_args=_POSTGRES, **common
        )
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # connections are kept: closing the last one would write everything back, 16 ms for each message
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        connect_args={"timeout": 10, "check_same_thread": False},
        **common,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # WAL with NORMAL survives kill -9 and costs no fsync for each message
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")

    return engine


def create_tables(engine: sa.engine.Engine, tables: sa.MetaData) -> None:
    """Create the tables that are missing; another process may be doing the same."""
    for last in (False, False, True):
        try:
            tables.create_all(engine)
            return
        except (IntegrityError, OperationalError, ProgrammingError):
            if last:
                raise
            time.sleep(0.2)


def empty_log(engine: sa.engine.Engine) -> None:
    """Write SQLite's log back and empty it, so that it holds nothing that was deleted."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
