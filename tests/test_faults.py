"""Faults: what people see, what an administrator reads, and that it goes on afterwards."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import cli, preflight
from bot.answer import Outcome, Paragraph, Reply
from bot.channels.turn import take_turn
from bot.channels.web.limits import RateLimit
from bot.channels.web.tokens import InvalidToken, Tokens
from bot.dialogue.texts import get_texts
from bot.engine import ModelMissing, create_agent
from bot.once import Once
from bot.preflight import PortTaken, check_memory, check_port, is_intact
from bot.settings import PROJECT, Settings
from bot.shared.locks import ConversationLocks
from bot.shared.marks import MarksHere
from bot.storage import problems
from bot.storage.problems import StoreProblem, StoreUnusable
from bot.storage.tracker_store import DELETE_SLOT, BoundedTrackerStore

DOMAIN = Domain.from_dict(
    {"slots": {DELETE_SLOT: {"type": "any", "mappings": [{"type": "custom"}]}}}
)
SECRET_TEXT = "Unser Rat in Hinterwald streitet"


@pytest.fixture(autouse=True)
def nothing_logged_yet() -> None:
    """Problems are logged once a minute; here each test is to see its own."""
    problems._logged.clear()


@pytest.fixture
def quick_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for locks for a moment only."""
    monkeypatch.setattr("bot.storage.database.LOCK_SECONDS", 0.05)


def store_at(file: Path) -> BoundedTrackerStore:
    return BoundedTrackerStore(DOMAIN, f"sqlite:///{file}")


def assistant(store: BoundedTrackerStore, topic: str | None = None) -> Any:
    """Return a handler of messages that keeps conversations as Rasa does, and answers „ja“."""

    async def handle(message: UserMessage) -> None:
        tracker = await store.get_or_create_tracker(message.sender_id)
        tracker.update(UserUttered(message.text))
        if topic == "daten_loeschen":
            tracker.update(SlotSet(DELETE_SLOT, True))
        reply = Reply(Outcome("dialog", topic=topic), (Paragraph("ja"),))
        await message.output_channel.send_custom_json(message.sender_id, reply.to_json())
        await store.save(tracker)

    return handle


async def said(store: BoundedTrackerStore, topic: str | None = None) -> list[str]:
    """Return the paragraphs of the reply to a message."""
    reply = await take_turn(assistant(store, topic), SECRET_TEXT, "anna", "rest")
    return [part.text for part in reply.parts]


def forgetful() -> list[str]:
    return ["ja", get_texts()("ohne_gedaechtnis")]


def remembered(store: BoundedTrackerStore) -> int:
    tracker = asyncio.run(store.retrieve("anna"))
    return sum(isinstance(e, UserUttered) for e in tracker.events) if tracker else 0


def test_a_locked_database_holds_up_nobody_and_the_answer_says_that_nothing_is_remembered(
    tmp_path: Path, quick_locks: None, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(tmp_path / "u.db")
    with sqlite3.connect(tmp_path / "u.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert asyncio.run(said(store)) == forgetful()
        other.execute("ROLLBACK")
    assert StoreProblem.LOCKED.remedy in caplog.text
    assert "Hinterwald" not in caplog.text
    assert asyncio.run(said(store)) == ["ja"]
    assert remembered(store) == 1


def test_while_the_database_is_slow_the_event_loop_goes_on(tmp_path: Path) -> None:
    store = store_at(tmp_path / "u.db")
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.001)

    async def both() -> None:
        heart = asyncio.create_task(beat())
        await store._database.run(lambda _: time.sleep(0.2))
        heart.cancel()

    asyncio.run(both())
    assert beats > 5


def test_a_full_disk_stops_nobody_and_after_making_room_it_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(tmp_path / "u.db")
    room, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # not even one page of SQLite's log
    try:
        assert asyncio.run(said(store)) == forgetful()
        assert asyncio.run(said(store)) == forgetful()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    assert caplog.text.count(StoreProblem.FULL.remedy) == 1  # not again for each message
    assert asyncio.run(said(store)) == ["ja"]
    assert remembered(store) == 1


def test_a_database_that_is_gone_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(tmp_path / "u.db")
    asyncio.run(said(store))
    for file in tmp_path.iterdir():
        file.unlink()
    assert asyncio.run(said(store)) == ["ja"]
    assert "mit einer leeren weiter" in caplog.text
    assert remembered(store) == 1


def test_what_could_only_not_be_read_is_read_again_and_not_written_over(tmp_path: Path) -> None:
    folder, away = tmp_path / "laufwerk", tmp_path / "ausgehaengt"
    store = store_at(folder / "u.db")
    asyncio.run(said(store))
    once = Once(store, ConversationLocks(), MarksHere())
    reads: list[str] = []

    async def handle(message: UserMessage) -> None:
        reads.append("")
        if len(reads) == 1:
            folder.rename(away)
        tracker = await store.get_or_create_tracker(message.sender_id)
        if len(reads) == 1:
            away.rename(folder)
        tracker.update(UserUttered(message.text))
        reply = Reply(Outcome("dialog"), (Paragraph("ja"),))
        await message.output_channel.send_custom_json(message.sender_id, reply.to_json())
        await store.save(tracker)

    process = partial(once.take, process=handle)
    reply = asyncio.run(take_turn(process, SECRET_TEXT, "anna", "rest"))
    assert len(reads) == 2
    assert [part.text for part in reply.parts] == ["ja"]  # all is remembered in the end
    assert remembered(store) == 2


def test_without_the_folder_of_the_database_answers_go_on_without_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "laufwerk"
    store = store_at(folder / "u.db")
    folder.rename(tmp_path / "ausgehaengt")
    assert asyncio.run(said(store)) == forgetful()
    assert StoreProblem.MISSING.remedy in caplog.text
    (tmp_path / "ausgehaengt").rename(folder)
    assert asyncio.run(said(store)) == ["ja"]


def test_a_corrupt_database_is_reported_while_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_at(tmp_path / "u.db")
    for file in tmp_path.iterdir():
        file.unlink()
    (tmp_path / "u.db").write_bytes(b"kein SQLite" * 1000)
    assert asyncio.run(said(store)) == forgetful()
    assert StoreProblem.CORRUPT.remedy in caplog.text


def test_nobody_is_told_that_something_was_deleted_when_it_was_not(
    tmp_path: Path, quick_locks: None
) -> None:
    store = store_at(tmp_path / "u.db")
    asyncio.run(said(store))
    with sqlite3.connect(tmp_path / "u.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = asyncio.run(said(store, "daten_loeschen"))
        other.execute("ROLLBACK")
    assert answer == [get_texts()("nicht_geloescht")]
    assert remembered(store)


@pytest.mark.parametrize("content", [b"kein SQLite" * 1000, None])
def test_a_database_that_can_not_be_used_at_the_start_is_one_clear_line(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "u.db"
    if content is None:
        file.mkdir()  # something else is in its place
    else:
        file.write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"Abhilfe: .* Ursache: "):
        store_at(file)


def test_an_unreachable_postgresql_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnusable, match="Datenbankserver ist nicht erreichbar") as caught:
        BoundedTrackerStore(DOMAIN, "postgresql://lotse:geheim@127.0.0.1:9/lotse")
    assert "geheim" not in str(caught.value)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    set_environment: Callable[..., None],
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Return a function that runs a command with settings; gives status and errors."""
    monkeypatch.setattr(cli.os, "chdir", lambda _: None)
    monkeypatch.setattr(cli, "configure_logging", lambda *_: None)

    def run(*arguments: str, **settings: object) -> tuple[int, str]:
        set_environment(**settings)
        status = cli.main(arguments)
        return status, capsys.readouterr().err

    yield run


def test_invalid_settings_are_said_in_german_with_value_meaning_and_default(
    command: Callable[..., tuple[int, str]],
) -> None:
    status, errors = command(
        "settings",
        port="viele",
        history_events=1,
        embeddings="vielleicht",
        german_model="englisch",
        secret="kurzgeheim",
        database_url="mysql://lotse:geheim@db/lotse",
        prot="8080",
    )
    assert status == 2
    assert "LOTSE_PORT=viele: keine ganze Zahl. Port des Servers (Vorgabe: 5005)" in errors
    assert "LOTSE_HISTORY_EVENTS=1: zu klein, mindestens 20" in errors
    assert "LOTSE_EMBEDDINGS=vielleicht: weder „true“ noch „false“" in errors
    assert "LOTSE_GERMAN_MODEL=englisch: passt nicht. Sprachmodell: auto" in errors
    assert "LOTSE_SECRET: mindestens 32 Zeichen" in errors
    assert "LOTSE_DATABASE_URL: so schreiben: postgresql://" in errors
    assert "LOTSE_PROT ist unbekannt und bleibt ohne Wirkung. Meinten Sie LOTSE_PORT?" in errors
    assert "geheim@" not in errors
    assert "kurzgeheim" not in errors


def test_a_mistyped_name_of_a_setting_is_a_warning(
    command: Callable[..., tuple[int, str]], caplog: pytest.LogCaptureFixture
) -> None:
    assert command("settings", rocketchat_ulr="https://chat.example.org", xyz="1")[0] == 0
    assert "Meinten Sie LOTSE_ROCKETCHAT_URL?" in caplog.text
    assert "LOTSE_XYZ ist unbekannt und bleibt ohne Wirkung. Abhilfe" in caplog.text


def test_an_error_of_the_operating_system_is_german_and_names_the_file(
    command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/srv/lotse/modell")

    monkeypatch.setattr(cli, "_settings", full)
    status, errors = command("settings")
    assert status == 1
    assert "/srv/lotse/modell: der Datenträger ist voll. Ursache: No space left" in errors


def test_too_little_memory_is_one_line(
    command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cli, "_settings", exhausted)
    assert "Arbeitsspeicher" in command("settings")[1]


def test_a_tight_memory_limit_is_named_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(preflight, "_CGROUP_LIMIT", limit)
    limit.write_text("max\n")
    check_memory()
    assert not caplog.text
    limit.write_text(f"{256 * 2**20}\n")
    check_memory()
    assert "erlaubt 256 MB" in caplog.text


def test_a_tight_ulimit_is_named_before_the_start() -> None:
    code = "from bot.logs import configure_logging; from bot.preflight import check_memory;"
    code += "configure_logging(); check_memory()"
    size = 2 * 2**30
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
        check=True,
    )
    assert "ulimit -v erlaubt 2048 MB" in done.stderr


@pytest.mark.parametrize(
    ("host", "port", "remedy"),
    [
        ("127.0.0.1", None, "LOTSE_PORT"),
        ("192.0.2.1", 5005, "LOTSE_HOST"),
        ("gibt.es.nicht.invalid", 5005, "LOTSE_HOST"),
    ],
)
def test_a_port_or_address_that_can_not_be_used_is_named_with_its_remedy(
    host: str, port: int | None, remedy: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(host=host, port=port or taken.getsockname()[1])
        with pytest.raises(PortTaken, match=remedy):
            check_port(settings)


def test_a_truncated_model_is_recognised(tmp_path: Path) -> None:
    whole, cut, empty = (tmp_path / f"{name}.tar.gz" for name in ("ganz", "halb", "leer"))
    (tmp_path / "metadata.json").write_bytes(os.urandom(50_000))
    with tarfile.open(whole, "w:gz") as archive:
        archive.add(tmp_path / "metadata.json", "metadata.json")
    cut.write_bytes(whole.read_bytes()[:20_000])
    empty.touch()
    assert [is_intact(file) for file in (whole, cut, empty)] == [True, False, False]
    settings = Settings(models_dir=tmp_path)
    shutil.move(whole, tmp_path / "weg")
    with pytest.raises(ModelMissing, match=r"beschädigt\. Abhilfe: die Datei löschen"):
        asyncio.run(create_agent(settings))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"kein trainiertes Modell\. Abhilfe: „make train“"):
        asyncio.run(create_agent(Settings(models_dir=tmp_path)))


def test_a_clock_that_jumps_lets_limits_alone_and_tokens_expire_by_the_new_time() -> None:
    # limits and idle times use the monotonic clock, which never jumps
    assert RateLimit(1)._clock is time.monotonic
    now = [1_000_000.0]
    tokens = Tokens(b"k" * 32, 3600, clock=lambda: now[0])
    ticket = tokens.issue()
    now[0] -= 86_400  # set back: still the same person's
    assert tokens.read(ticket.token) == ticket.conversation
    now[0] += 2 * 86_400  # set forward: the widget opens a new conversation
    with pytest.raises(InvalidToken):
        tokens.read(ticket.token)


def test_a_conversation_from_the_future_goes_on_after_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    store = store_at(tmp_path / "u.db")
    tracker = DialogueStateTracker.from_events("anna", [], DOMAIN.slots)
    tracker.update(UserUttered("morgen", timestamp=time.time() + 86_400))
    asyncio.run(store.save(tracker))
    assert asyncio.run(said(store)) == ["ja"]
    assert remembered(store) == 2
