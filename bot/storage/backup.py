"""Save conversations and feedback to one file, and put them back.

The file is an SQLite database of its own, whatever database the assistant uses, so it also moves
conversations from SQLite to PostgreSQL. Rows are copied one by one while the server runs; nothing
that was deleted is in the file, as it would be in a copy of the database's pages.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from bot.storage.database import create_tables, metadata, open_engine, upsert, wipe
from bot.storage.feedback import feedback_rows
from bot.storage.retention import expire
from bot.storage.tracker_store import conversations, deleted, digest

APPLICATION_ID = 0x4C4F5453
"""„LOTS“, by which SQLite files can be told from others."""
VERSION = 1
_TABLES = (conversations, feedback_rows, deleted)
_BATCH = 200


class BackupError(RuntimeError):
    """A backup can't be made or used; the message says what to do."""


@dataclass(frozen=True)
class Saved:
    """What a backup holds, or what was put back of it."""

    conversations: int
    feedback: int

    def __str__(self) -> str:
        return f"{self.conversations} Gespräche, {self.feedback} Bewertungen"


def backup(url: str, file: Path) -> Saved:
    """Save everything to a new file that only its owner can read.

    Raises:
        BackupError: the file is there already or can't be written.
        StoreUnusable: the database can't be used.
    """
    if file.exists():
        raise BackupError(f"{file} gibt es schon. Abhilfe: einen neuen Namen angeben.")
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.neu")
    source = open_engine(url)
    target = sa.create_engine(f"sqlite:///{unfinished}", hide_parameters=True)
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        create_tables(source)
        metadata.create_all(target)
        with source.connect() as reading, target.begin() as writing:
            counts = [_copy(table, reading, writing) for table in _TABLES]
            writing.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            writing.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
            writing.exec_driver_sql("CREATE TABLE pruefung (summe TEXT NOT NULL)")
            writing.exec_driver_sql("INSERT INTO pruefung VALUES (?)", (_checksum(writing),))
        target.dispose()
        unfinished.rename(file)
    except (OSError, sa.exc.SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", error)).split("\n")[0]
        raise BackupError(f"Die Sicherung ist nicht gelungen: {reason}") from error
    finally:
        source.dispose()
        target.dispose()
        unfinished.unlink(missing_ok=True)
    return Saved(*counts[:2])


def restore(url: str, file: Path, days: int) -> Saved:
    """Put what a backup holds in place of what is stored now, all of it or nothing.

    Left out is what is too old by now, and what people have had deleted since.

    Raises:
        BackupError: the file is broken or none of ours; everything stays as it was.
        StoreUnusable: the database can't be used.
    """
    source = sa.create_engine("sqlite://", creator=lambda: _open(file), hide_parameters=True)
    target = open_engine(url)
    try:
        with source.connect() as reading:
            _check(file, reading)
            create_tables(target)
            with target.begin() as writing:
                saved = _put_back(reading, writing, target, days)
        wipe(target)
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).split("\n")[0]
        raise BackupError(f"Nichts wurde wiederhergestellt: {reason}") from error
    finally:
        source.dispose()
        target.dispose()
    return saved


def _put_back(
    reading: sa.engine.Connection,
    writing: sa.engine.Connection,
    target: sa.engine.Engine,
    days: int,
) -> Saved:
    kept = dict(writing.execute(sa.select([deleted.c.kennung, deleted.c.wann])).fetchall())
    for batch in _batches(deleted, reading):
        for row in batch:
            if row["wann"] > kept.get(row["kennung"], 0.0):
                kept[row["kennung"]] = row["wann"]
                writing.execute(upsert(target, deleted, row))
    writing.execute(conversations.delete())
    writing.execute(feedback_rows.delete())
    for batch in _batches(conversations, reading):
        wanted = [row for row in batch if row["zuletzt"] > kept.get(digest(row["id"]), 0.0)]
        if wanted:
            writing.execute(conversations.insert(), wanted)
    for batch in _batches(feedback_rows, reading):
        for row in batch:
            del row["id"]  # given anew, so that the database goes on counting from there
        writing.execute(feedback_rows.insert(), batch)
    expire(writing, days, time.time())
    return Saved(_count(conversations, writing), _count(feedback_rows, writing))


def _copy(table: sa.Table, reading: sa.engine.Connection, writing: sa.engine.Connection) -> int:
    copied = 0
    for batch in _batches(table, reading):
        writing.execute(table.insert(), batch)
        copied += len(batch)
    return copied


def _batches(table: sa.Table, connection: sa.engine.Connection) -> Iterator[list[dict[str, Any]]]:
    """Return the rows in the order of their keys, some at a time."""
    key = next(iter(table.primary_key))
    streaming = connection.execution_options(stream_results=True)
    rows = streaming.execute(sa.select([table]).order_by(key))
    while batch := rows.fetchmany(_BATCH):
        yield [dict(row) for row in batch]


def _count(table: sa.Table, connection: sa.engine.Connection) -> int:
    return int(connection.execute(sa.select([sa.func.count()]).select_from(table)).scalar())


def _open(file: Path) -> sqlite3.Connection:
    """Open a backup so that nothing about it can change."""
    address = f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True)


def _check(file: Path, connection: sa.engine.Connection) -> None:
    """Make sure that a file is a whole backup of ours.

    Raises:
        BackupError: it isn't.
    """

    def pragma(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    if pragma("application_id") != APPLICATION_ID:
        raise BackupError(f"{file} ist keine Sicherung des Lotsen. Nichts wurde verändert.")
    if pragma("user_version") != VERSION:
        raise BackupError(
            f"{file} stammt von einer anderen Version des Lotsen. Nichts wurde verändert. Abhilfe: "
            "mit der Version wiederherstellen, die sie geschrieben hat."
        )
    whole = pragma("integrity_check") == "ok"
    if whole:
        stored = connection.exec_driver_sql("SELECT summe FROM pruefung").scalar()
        whole = stored == _checksum(connection)
    if not whole:
        raise BackupError(f"{file} ist beschädigt. Nichts wurde verändert.")


def _checksum(connection: sa.engine.Connection) -> str:
    checksum = hashlib.sha256()
    for table in _TABLES:
        for batch in _batches(table, connection):
            for row in batch:
                checksum.update(repr(tuple(row.values())).encode())
    return checksum.hexdigest()
