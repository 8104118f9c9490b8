"""The real server while its database can't be used: it answers, and says what it can't do."""

from __future__ import annotations

import json
import resource
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.dialogue.texts import get_texts

QUESTION = "Was bedeutet Hebammenfunktion?"


@contextmanager
def locked(database: Path, _: int) -> Iterator[None]:
    """Another program writes and does not finish."""
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(_: Path, pid: int) -> Iterator[None]:
    """No file of the server may grow any more."""
    process = psutil.Process(pid)
    _, hard = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    process.rlimit(resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("db") / "unterhaltungen.db"


@pytest.fixture(scope="module")
def server(start: Callable[[Path], Any], database: Path) -> Iterator[Any]:
    with start(database) as lotse:
        yield lotse


@pytest.mark.parametrize("fault", [locked, full])
def test_it_answers_without_memory_and_remembers_again_afterwards(
    server: Any, database: Path, fault: Callable[[Path, int], Any]
) -> None:
    forgetful = get_texts()("ohne_gedaechtnis")
    talk = server.conversation()
    assert talk.say(QUESTION)["entries"][0] == "grundlagen-3"
    assert forgetful not in talk.text
    with fault(database, server.pid):
        assert talk.say(QUESTION)["entries"][0] == "grundlagen-3"
        assert forgetful in talk.text
        assert becomes(server.url, (503, "failed"))
    assert talk.say("Nochmal")["entries"][0] == "grundlagen-3"
    assert forgetful not in talk.text
    assert becomes(server.url, (200, "ok"))


def becomes(url: str, state: tuple[int, str]) -> bool:
    """Whether the server reports a state soon: one look at its database holds for two seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if ready(url) == state:
            return True
    return False


def ready(url: str) -> tuple[int, str]:
    """Return the status code of the readiness check, and what it says of the store."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=30) as reply:
            return reply.status, json.load(reply)["parts"]["store"]["status"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["parts"]["store"]["status"]
