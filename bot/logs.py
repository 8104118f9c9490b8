"""What goes into the log: causes for administrators, never what people write or who they are.

Our own messages are constant sentences with harmless values. Messages of other libraries can't be
trusted with that – Rasa's name conversations and quote texts, as do error messages of any kind –
so once people can write, only the place that a library complains at is logged. Of an error the
type and the lines of code that led to it are logged, and its message where no text can be in it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

import structlog

_OWN = ("bot", "actions")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_INDENT = "\n    "
_open_to_people = False


def configure_logging(level: str = "info", form: str = "text") -> None:
    """Set up the log of this process, on standard error.

    Args:
        level: the lowest level of our own messages; those of libraries begin at warnings.
        form: ``text`` for people, ``json`` for one JSON object a line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(_is_wanted)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[_name_only],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    warnings.filterwarnings("ignore", message=".*Slot auto-fill.*")


def people_may_write() -> None:
    """From now on messages that are not ours may hold what somebody wrote, and are left out."""
    global _open_to_people
    _open_to_people = True
    sys.excepthook = lambda _type, error, _trace: _uncaught(error)
    threading.excepthook = lambda args: _uncaught(args.exc_value)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return ``{"time", "level", "logger", "message", "error"?}``."""
        entry: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if error := _error(record):
            entry["error"] = {
                "type": _type(error),
                "message": harmless(error),
                "trace": _trace(error),
            }
        return json.dumps(entry, ensure_ascii=True)


class TextFormatter(logging.Formatter):
    """Writes a record for people; only its first line begins at the margin."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger and message, and the way to an error below."""
        time = _time(record).strftime("%Y-%m-%d %H:%M:%S")
        text = f"{time} {record.levelname:7} {record.name}: {_message(record)}"
        if error := _error(record):
            why = ": ".join(filter(None, (_type(error), harmless(error))))
            text = "\n".join([text, "Traceback", *_trace(error), why])
        lines = text.split("\n")
        return _INDENT.join(_CONTROL.sub(lambda c: ascii(c[0])[1:-1], line) for line in lines)


def harmless(error: BaseException) -> str:
    """Return the message of an error when it can't hold what somebody wrote, else nothing.

    Ours never do. Of the operating system's the cause is known by its number, and those of a
    database about its operation („database is locked“) don't quote values.
    """
    if not _open_to_people or type(error).__module__.partition(".")[0] in _OWN:
        return str(error)
    if isinstance(error, OSError):
        return os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else ""
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.OperationalError) or _type(cause) == "psycopg2.OperationalError":
        return str(cause).split("\n")[0]
    return ""


def _name_only(_: Any, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return what of a structured message goes on: its name, without the values that it has."""
    return {"msg": event["event"], "exc_info": event.get("exc_info")}


def _is_wanted(record: logging.LogRecord) -> bool:
    if record.name == "py.warnings":  # of libraries they are about code that nobody here can mend
        where = record.getMessage().partition("\n")[0]
        return "site-packages" not in where and not where.startswith("<frozen ")
    return _is_own(record) or record.levelno >= logging.WARNING


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _OWN


def _message(record: logging.LogRecord) -> str:
    if _open_to_people and not _is_own(record):
        return f"Meldung aus {record.module}.{record.funcName}, Zeile {record.lineno}"
    # an error as a value („… lässt sich nicht schreiben: %s“) gets no more space than its own
    if isinstance(record.args, tuple):
        record.args = tuple(map(_value, record.args))
    elif isinstance(record.args, Mapping):
        record.args = {key: _value(value) for key, value in record.args.items()}
    return record.getMessage()


def _value(value: object) -> object:
    return harmless(value) or _type(value) if isinstance(value, BaseException) else value


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created).astimezone()


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _type(error: BaseException) -> str:
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def _trace(error: BaseException) -> list[str]:
    """Return the lines of code that led to an error, from the cause of it to where it arrived."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        why = harmless(current)
        lines = [*frames, *([] if current is error else [f"{_type(current)}: {why}"]), *lines]
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return lines


def _uncaught(error: BaseException | None) -> None:
    if error and not isinstance(error, (KeyboardInterrupt, SystemExit)):
        logging.getLogger("bot").critical("Ein Fehler hat den Ablauf beendet", exc_info=error)
