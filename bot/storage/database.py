"""The database: how it is opened, and how work is done in it without holding up anyone else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from bot.storage.problems import StoreProblem, StoreUnusable, log, problem_of

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

metadata = sa.MetaData()
"""All tables; each stands in the module that works with it."""

CONNECTIONS = 6
"""So many connections a store has at most."""
LOCK_SECONDS = 5
"""So long a statement waits for another process that holds the SQLite database."""
PATIENCE = 12.0
"""For so long work is begun anew when the database is away; PostgreSQL restarts in less."""
ONE_TRY = 3.0
"""Seconds for work when the database has been away for longer: nobody waits for it any more."""
_WIPE_SECONDS = 0.5
_PASSING = (StoreProblem.UNREACHABLE, StoreProblem.SLOW)
"""Problems that may be over soon; SQLite has waited for a lock itself."""
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


class Database:
    """Does work in threads, each piece in a transaction of its own."""

    def __init__(self, url: str) -> None:
        """Open the database and create the tables if need be.

        Raises:
            StoreUnusable: the database can't be used.
        """
        self.engine = open_engine(url)
        create_tables(self.engine)
        self._threads = ThreadPoolExecutor(CONNECTIONS, "datenbank")
        self._lost_at: float | None = None

    async def run(self, work: Callable[[sa.engine.Connection], Result]) -> Result:
        """Return what the work returns, which is begun anew while the database is away.

        Args:
            work: may have been done already when it is called, if its connection broke just then.

        Raises:
            SQLAlchemyError: it did not succeed.
        """
        begun, pause = time.monotonic(), 0.05
        end = (self._lost_at or begun) + PATIENCE
        while True:
            try:
                result = await self._once(work, end)
            except SQLAlchemyError as error:
                log(error)
                if problem_of(error) not in _PASSING:
                    raise
                self._lost_at = self._lost_at or begun
                if time.monotonic() + pause > end:
                    raise
            else:
                if self._lost_at:
                    self._lost_at = None
                    logger.warning("Die Datenbank ist wieder erreichbar.")
                return result
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    async def wipe(self) -> None:
        """Let nothing that was deleted be found in the files of the database."""
        await asyncio.get_running_loop().run_in_executor(self._threads, wipe, self.engine)

    async def _once(self, work: Callable[[sa.engine.Connection], Result], end: float) -> Result:
        in_thread = asyncio.get_running_loop().run_in_executor(self._threads, self._do, work)
        try:
            return await asyncio.wait_for(in_thread, max(end - time.monotonic(), ONE_TRY))
        except asyncio.TimeoutError:
            raise sa.exc.TimeoutError("keine Antwort") from None

    def _do(self, work: Callable[[sa.engine.Connection], Result]) -> Result:
        """Do work in a transaction; when the tables are gone, make them anew first."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            if problem_of(error) is not StoreProblem.MISSING:
                raise
        metadata.create_all(self.engine)
        logger.error("Die Datenbank war nicht mehr da; es geht mit einer leeren weiter.")
        with self.engine.begin() as connection:
            return work(connection)


def open_engine(url: str) -> sa.engine.Engine:
    """Return the engine of a database; a missing SQLite file and its folder are made.

    Raises:
        StoreUnusable: the folder can't be made.
    """
    parsed = sa.engine.make_url(url)
    # an error's text goes to the log, and must not carry what people wrote
    common: dict[str, Any] = {"hide_parameters": True, "pool_size": CONNECTIONS, "max_overflow": 0}
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(
            url, pool_timeout=3, pool_pre_ping=True, connect_args=_POSTGRES, **common
        )
    file = Path(parsed.database or "")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(error) from error
    # connections are kept: closing the last one would write everything back, 16 ms for each message
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False},
        **common,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        # WAL with NORMAL survives kill -9 and costs no fsync for each message
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")
        record.info["file"] = _identity(file)

    @sa.event.listens_for(engine, "checkout")
    def _is_still_there(_connection: Any, record: Any, _proxy: Any) -> None:
        # a kept connection would go on writing to a file that nobody finds any more
        if record.info["file"] != _identity(file):
            raise DisconnectionError

    return engine


def _identity(file: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one in its place; ``None`` when there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def create_tables(engine: sa.engine.Engine) -> None:
    """Create the tables that are missing; another process may be doing the same.

    Raises:
        StoreUnusable: the database can't be used.
    """
    for last in (False, False, True):
        try:
            metadata.create_all(engine)
            return
        except SQLAlchemyError as error:
            # „already exists“ is none of the known problems
            if last or problem_of(error) is not StoreProblem.OTHER:
                raise StoreUnusable(error) from error
            time.sleep(0.2)


def upsert(
    database: sa.engine.Engine | sa.engine.Connection,
    table: sa.Table,
    row: Mapping[str, Any],
    where: Any = None,
) -> Any:
    """Return the statement that writes a row, in place of the one with the same primary key.

    Args:
        database: for whose dialect.
        table: where.
        row: its values.
        where: a row that is there already is only replaced when this holds for it.
    """
    dialect = postgresql if database.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(row)
    keys = [column.name for column in table.primary_key]
    update = {name: insert.excluded[name] for name in row if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=update, where=where)


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
