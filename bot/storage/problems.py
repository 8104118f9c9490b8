"""What can go wrong with the database, each with the remedy that an administrator reads.

A turn does not fail because of it: the assistant answers without memory, and says so
(:mod:`bot.channels.turn`). The log names cause and remedy, once a minute at most, because a full
disk is not to be filled further.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum

from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)

LOG_SECONDS = 60.0
"""Seconds between two log lines about the same problem."""


class StoreProblem(Enum):
    """A fault of the database, with its code in ``/health/ready`` and what to do about it."""

    FULL = (
        "full",
        "Die Datenbank kann nicht schreiben, der Datenträger ist voll. Abhilfe: Platz schaffen; "
        "danach geht es ohne Neustart weiter.",
    )
    LOCKED = (
        "locked",
        "Die Datenbank ist gesperrt. Abhilfe: das Programm beenden, das sie offen hält (etwa eine "
        "Sicherung oder ein Datenbank-Browser).",
    )
    SLOW = (
        "slow",
        "Die Datenbank antwortet zu langsam. Abhilfe: Auslastung des Datenträgers und der "
        "Datenbank prüfen.",
    )
    READ_ONLY = (
        "read_only",
        "Die Datenbank lässt sich nicht beschreiben. Abhilfe: Rechte der Datei und ihres Ordners "
        "prüfen; ist das Laufwerk nur lesbar eingehängt?",
    )
    CORRUPT = (
        "corrupt",
        "Die Datenbank ist beschädigt. Abhilfe: Lotsen anhalten, die Datei zur Seite legen und "
        "eine Sicherung einspielen; ohne Sicherung beginnt er mit einer leeren Datenbank.",
    )
    MISSING = (
        "missing",
        "Die Datenbank ist nicht da. Abhilfe: prüfen, wer die Datei oder ihren Ordner entfernt "
        "hat; ist das Laufwerk eingehängt?",
    )
    UNREACHABLE = (
        "unreachable",
        "Der Datenbankserver ist nicht erreichbar. Abhilfe: LOTSE_DATABASE_URL, Netz und "
        "Zugangsdaten prüfen; läuft der Server?",
    )
    OTHER = (
        "other",
        "Die Datenbank meldet einen Fehler. Abhilfe: die Ursache in dieser Zeile beheben; sonst "
        "bitte als Fehler melden.",
    )

    def __init__(self, code: str, remedy: str) -> None:
        self.code = code
        self.remedy = remedy


_SIGNS = (
    ("is full", StoreProblem.FULL),
    ("no space left", StoreProblem.FULL),
    ("disk i/o error", StoreProblem.FULL),  # what SQLite makes of „file too large“ and quotas
    ("could not extend", StoreProblem.FULL),
    ("locked", StoreProblem.LOCKED),
    ("timeout", StoreProblem.SLOW),
    ("deadlock", StoreProblem.SLOW),
    ("readonly", StoreProblem.READ_ONLY),
    ("read-only", StoreProblem.READ_ONLY),
    ("malformed", StoreProblem.CORRUPT),
    ("not a database", StoreProblem.CORRUPT),
    ("no such table", StoreProblem.MISSING),
    ("undefinedtable", StoreProblem.MISSING),
    ("unable to open database file", StoreProblem.MISSING),
    ("could not connect", StoreProblem.UNREACHABLE),
    ("connection", StoreProblem.UNREACHABLE),
)
"""What the databases say -> what it is. SQLite on Python 3.10 gives no codes."""


def origin(error: BaseException) -> BaseException:
    """Return the error of the database itself, which knows neither statement nor values."""
    return getattr(error, "orig", None) or error


def cause(error: BaseException) -> str:
    """Return what the database itself said; further lines of PostgreSQL may quote values."""
    said = origin(error)
    return f"{type(said).__name__}: {str(said).strip().partition(chr(10))[0]}"


def problem_of(error: BaseException) -> StoreProblem:
    """Return what an error of the database means."""
    said = cause(error).lower()
    return next((problem for sign, problem in _SIGNS if sign in said), StoreProblem.OTHER)


class StoreUnusable(RuntimeError):
    """The database can't be used at the start; the message says why and what to do."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{problem_of(error).remedy} Ursache: {cause(error)}")


_troubles: ContextVar[list[StoreProblem] | None] = ContextVar("troubles", default=None)
_logged: dict[StoreProblem, float] = {}


@contextmanager
def noting_troubles() -> Iterator[list[StoreProblem]]:
    """Collect what goes wrong with the database within the block, as seen by this task."""
    noted: list[StoreProblem] = []
    token = _troubles.set(noted)
    try:
        yield noted
    finally:
        _troubles.reset(token)


def forget_troubles() -> None:
    """Forget what was collected: the turn begins anew."""
    if (noted := _troubles.get()) is not None:
        noted.clear()


def note(error: SQLAlchemyError) -> StoreProblem:
    """Log a problem, and let the turn know that is being taken."""
    if (noted := _troubles.get()) is not None:
        noted.append(problem_of(error))
    return log(error)


def log(error: SQLAlchemyError) -> StoreProblem:
    """Log a problem, if that has not just been done."""
    problem, now = problem_of(error), time.monotonic()
    if now - _logged.get(problem, -LOG_SECONDS) >= LOG_SECONDS:
        _logged[problem] = now
        logger.error("%s Ursache: %s", problem.remedy, origin(error))
    return problem
