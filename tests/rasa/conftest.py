"""The real server: trained once when need be, started as a person would start it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.settings import PROJECT

PATIENCE = 300
"""Seconds until a server must have started; a machine under heavy load needs minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the trained model."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("rasa")


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", **environment},
        capture_output=True,
        text=True,
        timeout=900,
    )


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(url: str, body: Any) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


@contextmanager
def running(arguments: list[str], ready: str, log: Path, **environment: str) -> Iterator[int]:
    """Run a server until the block ends; wait until ``ready`` answers. Yields its process id.

    Raises:
        AssertionError: it ended or did not answer in time; carries the end of its log.
    """
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(PATIENCE * 2):
            if process.poll() is not None or answers(ready):
                break
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
        assert process.poll() is None, log.read_text()[-3000:]
        assert answers(ready), log.read_text()[-3000:]
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


@dataclass
class Lotse:
    """A running assistant to talk to."""

    url: str
    pid: int | None = None

    def messages(self, text: str, sender: str) -> list[dict[str, Any]]:
        body = {"sender": sender, "message": text}
        messages: list[dict[str, Any]] = post(f"{self.url}/webhooks/rest/webhook", body)
        return messages

    def conversation(self) -> Talk:
        return Talk(self)


@dataclass
class Talk:
    """One conversation; every turn must have exactly one outcome and a text."""

    lotse: Lotse
    sender: str = field(default_factory=lambda: uuid4().hex)
    text: str = ""
    """All texts of the last reply."""

    def say(self, text: str) -> dict[str, Any]:
        messages = self.lotse.messages(text, self.sender)
        outcomes = [m["custom"]["answer"] for m in messages if "answer" in m.get("custom", {})]
        assert len(outcomes) == 1, messages
        self.text = "\n".join(m["text"] for m in messages if m.get("text"))
        assert self.text
        return dict(outcomes[0])


@pytest.fixture(scope="session")
def start(model: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Any]:
    """Return a context manager that runs the assistant with a database of its own."""

    @contextmanager
    def start_(database: Path) -> Iterator[Lotse]:
        port = unused_port()
        url = f"http://127.0.0.1:{port}"
        log = tmp_path_factory.mktemp("log") / "serve.log"
        environment = {"LOTSE_PORT": str(port), "LOTSE_DATABASE_URL": f"sqlite:///{database}"}
        with running(["-m", "bot", "serve"], f"{url}/health", log, **environment) as pid:
            yield Lotse(url, pid)
        assert "Traceback" not in log.read_text(), log.read_text()[-3000:]

    return start_


@pytest.fixture(scope="session")
def lotse(
    start: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lotse]:
    """The assistant as ``make run`` starts it."""
    with start(tmp_path_factory.mktemp("db") / "unterhaltungen.db") as running_:
        yield running_


@pytest.fixture
def talk(lotse: Lotse) -> Talk:
    """A new conversation."""
    return lotse.conversation()
