"""The log says what is wrong, never what people write or who they are; nobody can forge it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "Geheim4711"
PROGRAM = """
import asyncio, errno, logging, sqlite3, sys, threading, warnings
import structlog
from bot.logs import configure_logging, people_may_write
configure_logging("debug", sys.argv[1])
own, rasa = logging.getLogger("bot.probe"), logging.getLogger("rasa.core.processor")
rasa.warning("vor dem Start: %s", "Ursache4711")
warnings.warn_explicit("veraltet4711", UserWarning, "/x/site-packages/lib.py", 1)
warnings.warn_explicit("eigene4711", UserWarning, "/x/bot/lib.py", 1)
people_may_write()
secret = "Geheim" + "4711"
own.debug("Einzelheit")
own.warning("Feld: %s", "a\\n2026-01-01 00:00:00 INFO    bot: gefaelscht\\x1b[2J\\u202e")
for level in ("debug", "info", "warning", "error"):
    getattr(rasa, level)(f"Received user message '{secret}' from {secret}")
    getattr(structlog.get_logger("rasa.core.actions"), level)("name", message=secret, name=secret)
warnings.warn(f"Tried to set {secret}")
for error in (ValueError(secret), KeyError(secret), OSError(secret), RuntimeError(secret)):
    try:
        try:
            raise error
        except Exception as inner:
            raise LookupError(secret) from inner
    except LookupError as outer:
        own.exception("Die Aktion ist fehlgeschlagen")
        own.error("Es ging nicht: %s", outer)
own.error("Platte", exc_info=OSError(errno.ENOSPC, "x", secret))
own.error("Datenbank", exc_info=sqlite3.OperationalError("database is locked"))
thread = threading.Thread(target=lambda: 1 / len(secret[99:]), name=secret)
thread.start(); thread.join()
async def lost():
    raise ValueError(secret)
async def main():
    asyncio.get_running_loop().create_task(lost())
    await asyncio.sleep(0)
asyncio.run(main())
raise ValueError(secret)
"""


def log(form: str, project: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_gets_into_the_log_whatever_fails_at_any_level(form: str, project: Path) -> None:
    written = log(form, project)
    assert SECRET not in written
    for cause in ("Einzelheit", "ValueError", "No space left on device", "database is locked"):
        assert cause in written, cause
    assert "Ursache4711" in written, "before people can write, causes are said in full"
    assert "eigene4711" in written
    assert "veraltet4711" not in written, "nobody here can mend what libraries are warned of"
    assert "ZeroDivisionError" in written
    assert "<string>:" in written, "the way to an error is shown"


def test_every_line_of_the_json_log_is_one_object(project: Path) -> None:
    entries = [json.loads(line) for line in log("json", project).splitlines()]
    assert all({"time", "level", "logger", "message"} <= entry.keys() for entry in entries)
    failed = next(e for e in entries if e["message"] == "Die Aktion ist fehlgeschlagen")
    assert failed["error"]["type"] == "LookupError"
    assert failed["error"]["message"] == ""
    assert failed["error"]["trace"]


def test_nobody_can_forge_a_line_or_steer_a_terminal(project: Path) -> None:
    written = log("text", project)
    assert "\x1b" not in written
    assert "\u202e" not in written
    forged = [line for line in written.splitlines() if "gefaelscht" in line]
    assert forged
    assert all(line.startswith("    ") for line in forged)


def test_libraries_say_nothing_below_a_warning(project: Path) -> None:
    entries = [json.loads(line) for line in log("json", project).splitlines()]
    foreign = [entry for entry in entries if not entry["logger"].startswith("bot")]
    assert foreign
    assert {entry["level"] for entry in foreign} <= {"warning", "error", "critical"}
