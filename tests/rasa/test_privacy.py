"""The real server and its files: what people write is where it may be, and nowhere else."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.settings import PROJECT
from tests.channels.rocketchat_rig import BOT, TOKEN, WEBHOOK_TOKEN
from tests.channels.rocketchat_server import RocketChatServer
from tests.rasa.conftest import answers, post, unused_port

SERVER = """
from bot.logs import configure_logging
configure_logging("debug", "json")
import bot.dialogue.respond as respond
import actions.base as base
answer = respond.respond
def failing(turn, *rest):
    if "Ausnahme" in turn.text:
        raise ValueError(f"kann {turn.text!r} nicht")
    return answer(turn, *rest)
base.respond = failing
from bot.cli import main
raise SystemExit(main(["serve"]))
"""
"""The assistant, with an action that fails and says what it failed at."""


@dataclass
class Server:
    folder: Path
    rocketchat: str = ""
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    def start(self) -> None:
        port = unused_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "LOTSE_PORT": str(port),
            "LOTSE_DATABASE_URL": self.database_url,
            "LOTSE_LOG_LEVEL": "debug",
            "LOTSE_LOG_FORMAT": "json",
            "LOTSE_ROCKETCHAT_URL": self.rocketchat,
            "LOTSE_ROCKETCHAT_USER_ID": BOT,
            "LOTSE_ROCKETCHAT_TOKEN": TOKEN,
            "LOTSE_ROCKETCHAT_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        }
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", SERVER],
                cwd=PROJECT,
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 300
        while not answers(f"{self.url}/health"):
            assert self.process.poll() is None, self.log[-3000:]
            assert time.monotonic() < deadline, self.log[-3000:]
            time.sleep(0.2)

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'unterhaltungen.db'}"

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def say(self, text: str, sender: str) -> list[dict[str, Any]]:
        body = {"sender": sender, "message": text}
        return list(post(f"{self.url}/webhooks/rest/webhook", body))

    def web(self, method: str, path: str, token: str = "", **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", json.dumps(body).encode(), method=method
        )
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=60) as reply:
            content = reply.read()
        return json.loads(content) if content else None

    def where(self, text: str) -> list[str]:
        """Return the files of database, state and log that hold a text."""
        folders = (self.folder, PROJECT / ".lotse")
        files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
        needles = (text.encode(), json.dumps(text)[1:-1].encode())
        return [f.name for f in files if any(needle in f.read_bytes() for needle in needles)]

    def stored(self) -> list[str]:
        with sqlite3.connect(self.folder / "unterhaltungen.db") as database:
            return [row[0] for row in database.execute("select ereignisse from unterhaltungen")]


@pytest.fixture(scope="module")
def rocketchat() -> Iterator[tuple[RocketChatServer, asyncio.AbstractEventLoop]]:
    loop = asyncio.new_event_loop()
    server = RocketChatServer()
    loop.run_until_complete(server.__aenter__())
    yield server, loop
    loop.run_until_complete(server.__aexit__(None, None, None))
    loop.close()


@pytest.fixture(scope="module")
def server(
    model: None, rocketchat: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("daten"), rocketchat[0].url)
    started.start()
    rocketchat[0].webhook_url = f"{started.url}/webhooks/rocketchat/webhook"
    yield started
    assert started.process
    started.process.terminate()
    started.process.wait(30)


def outcome(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return next(dict(m["custom"]["answer"]) for m in messages if "custom" in m)


def test_what_was_deleted_in_any_channel_is_in_no_byte_of_any_file(
    server: Server, rocketchat: Any
) -> None:
    def text(channel: str) -> str:
        return f"Wie gewinne ich die Wirtschaft für Zebrastern{channel}4711?"

    server.say(text("Rest"), "anna-zebra@example.org")
    token = server.web("POST", "/conversations")["token"]
    server.web("POST", "/messages", token, id="nachricht-1", text=text("Knopf"))
    spoken = server.web("POST", "/conversations")["token"]
    server.web("POST", "/messages", spoken, id="nachricht-1", text=text("Wort"))
    chat, loop = rocketchat
    room = chat.room(None, "direkt-anna")
    loop.run_until_complete(chat.answer("anna", room, text("Chat"), None))
    for channel in ("Rest", "Knopf", "Wort", "Chat"):
        assert server.where(f"Zebrastern{channel}4711"), channel

    gone = "Lösche meine Daten"
    assert outcome(server.say(gone, "anna-zebra@example.org"))["topic"] == "daten_loeschen"
    server.web("DELETE", "/conversation", token)
    server.web("POST", "/messages", spoken, id="nachricht-2", text=gone)
    loop.run_until_complete(chat.answer("anna", room, gone, None))
    for trace in ("Zebrastern", "anna-zebra", token, spoken, WEBHOOK_TOKEN, TOKEN):
        assert server.where(trace) == [], trace


def test_neither_failing_actions_nor_debugging_put_a_text_into_the_log(server: Server) -> None:
    texts = [
        "Ausnahme Zitronenfalter4711 bitte",
        "Was weiß Zitronenfalter4711 über Vereine?",
        "/session_start Zitronenfalter4711",
        "Zitronenfalter4711 " * 200,
    ]
    for n, text in enumerate(texts):
        server.say(text, f"zitrone-{n}")
    assert outcome(server.say(texts[0], "zitrone-9"))["status"] == "no_answer"
    assert "fehlgeschlagen" in server.log
    assert "ValueError" in server.log
    assert "Zitronenfalter" not in server.log
    assert "zitrone-" not in server.log
    for line in server.log.splitlines():
        assert json.loads(line)["level"], line


def test_personal_data_typed_by_mistake_is_stored_nowhere_and_the_answer_is_the_same(
    server: Server,
) -> None:
    question = "Was hat ein Unternehmen davon, wenn es sich engagiert?"
    plain = server.say(question, "ohne")
    told = server.say(
        f"Ich heiße Waldtraut Quittenbaum und {question[0].lower()}{question[1:]} "
        "waldtraut@quittenbaum.de, 0211 8991234",
        "mit",
    )
    assert outcome(told)["entries"] == outcome(plain)["entries"]
    assert "unkenntlich" in told[0]["text"]
    token = server.web("POST", "/conversations")["token"]
    reason = "Fragen Sie Frau Quittenbaum, 0211 8991234"
    server.web("POST", "/feedback", token, entry="grundlagen-1", helpful=False, reason=reason)
    for trace in ("Quittenbaum", "quittenbaum", "8991234"):
        assert server.where(trace) == [], trace
    server.say("Frau Quittenbaum blockt alles ab, was tun?", "dritte")
    assert server.where("Quittenbaum") == []
    assert any("Frau [Name] blockt" in events for events in server.stored())


def test_a_killed_server_has_lost_nothing_that_it_answered_and_retention_still_works(
    server: Server,
) -> None:
    for n in range(10):
        server.say(f"Was bedeutet Hebammenfunktion{n}?", "kill")
    server.kill()
    assert any("Hebammenfunktion9" in events for events in server.stored())
    with sqlite3.connect(server.folder / "unterhaltungen.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        old = time.time() - 31 * 86_400
        database.execute("update unterhaltungen set zuletzt = ? where id = 'kill'", (old,))
    server.start()  # deletes at its start what is too old
    deadline = time.monotonic() + 30
    while server.where("Hebammenfunktion9") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert server.where("Hebammenfunktion9") == []
    assert "Nach Ablauf der Frist" in server.log
