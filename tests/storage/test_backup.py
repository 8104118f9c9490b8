"""A backup is whole, private and made while the server runs; only a good one is put back."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import cli
from bot.settings import get_settings
from bot.storage.backup import BackupError, backup, restore
from bot.storage.feedback import Feedback, FeedbackStore
from bot.storage.tracker_store import BoundedTrackerStore

DOMAIN = Domain.empty()


@pytest.fixture
def store(tmp_path: Path, set_environment: Callable[..., None]) -> BoundedTrackerStore:
    set_environment(state_dir=tmp_path / "stand")
    return BoundedTrackerStore(DOMAIN)


def run(result: Any) -> Any:
    return asyncio.run(result)


def save(store: BoundedTrackerStore, sender: str, text: str = "Hallo") -> None:
    tracker = DialogueStateTracker.from_events(sender, [UserUttered(text)], DOMAIN.slots)
    run(store.save(tracker))


def text_of(store: BoundedTrackerStore, sender: str) -> str | None:
    tracker = run(store.retrieve(sender))
    return tracker.latest_message.text if tracker else None


def keys(store: BoundedTrackerStore) -> list[str]:
    return sorted(run(store.keys()))


def url() -> str:
    return get_settings().database


def put_back(file: Path, days: int = 30) -> Any:
    return restore(url(), file, days)


def test_everything_comes_back_as_it_was(store: BoundedTrackerStore, tmp_path: Path) -> None:
    for n in range(450):
        save(store, f"p{n}", f"Frage {n} „Bürger:innen“ 🙂")
    FeedbackStore(url()).add(Feedback("grundlagen-1", True, "gut"))
    file = tmp_path / "sicherung.db"
    assert str(backup(url(), file)) == "450 Gespräche, 1 Bewertungen"
    assert file.stat().st_mode & 0o077 == 0
    save(store, "p7", "geändert")
    save(store, "danach")
    assert str(put_back(file)) == "450 Gespräche, 1 Bewertungen"
    assert text_of(store, "p7") == "Frage 7 „Bürger:innen“ 🙂"
    assert text_of(store, "danach") is None
    feedback = FeedbackStore(url())
    feedback.add(Feedback("grundlagen-2", False))
    assert [f.entry for f in feedback.all()] == ["grundlagen-1", "grundlagen-2"]
    assert sorted(f.name for f in tmp_path.iterdir()) == ["sicherung.db", "stand"]


def test_it_is_made_while_people_write(store: BoundedTrackerStore, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            save(store, f"p{n % 50}", f"Frage {n}")
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [tmp_path / f"{n}.db" for n in range(5)]
        for file in files:
            backup(url(), file)
            put_back(file)
    finally:
        stop.set()
        writer.join()
    for file in files:
        check = sqlite3.connect(file)
        assert check.execute("pragma integrity_check").fetchone() == ("ok",)
        check.close()


def test_what_was_deleted_is_not_in_a_backup_and_does_not_come_back_from_an_older_one(
    store: BoundedTrackerStore, tmp_path: Path
) -> None:
    save(store, "anna", "Geheim4711")
    save(store, "berta")
    before, after = tmp_path / "vorher.db", tmp_path / "nachher.db"
    backup(url(), before)
    run(store.delete("anna"))
    backup(url(), after)
    assert b"Geheim4711" not in after.read_bytes()
    put_back(before)
    assert keys(store) == ["berta"]
    save(store, "anna", "ein neues Gespräch")
    again = tmp_path / "neu.db"
    backup(url(), again)
    put_back(again)
    assert text_of(store, "anna") == "ein neues Gespräch"


def test_what_is_too_old_by_now_does_not_come_back(
    store: BoundedTrackerStore, tmp_path: Path
) -> None:
    save(store, "anna", "Altes4711")
    with sqlite3.connect(tmp_path / "stand" / "unterhaltungen.db") as database:
        database.execute("update unterhaltungen set zuletzt = ?", (time.time() - 40 * 86_400,))
    save(store, "berta")
    backup(url(), tmp_path / "alt.db")
    assert put_back(tmp_path / "alt.db").conversations == 1
    assert keys(store) == ["berta"]
    for file in (tmp_path / "stand").iterdir():
        assert b"Altes4711" not in file.read_bytes()


def damaged(file: Path) -> bytes:
    content = bytearray(file.read_bytes())
    at = content.index(b"Hallo")
    content[at : at + 5] = b"Hollo"
    return bytes(content)


BROKEN: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda _: b"",
    "no database": lambda _: b"Guten Tag\n" * 1000,
    "cut off": lambda file: file.read_bytes()[: file.stat().st_size // 2],
    "one letter changed": damaged,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_and_the_present_state_stays(
    store: BoundedTrackerStore, tmp_path: Path, kind: str
) -> None:
    save(store, "anna")
    good = tmp_path / "gut.db"
    backup(url(), good)
    (tmp_path / "kaputt.db").write_bytes(BROKEN[kind](good))
    save(store, "berta")
    with pytest.raises(BackupError):
        put_back(tmp_path / "kaputt.db")
    assert keys(store) == ["anna", "berta"]


def test_a_foreign_database_is_refused(store: BoundedTrackerStore, tmp_path: Path) -> None:
    save(store, "anna")
    own = tmp_path / "stand" / "unterhaltungen.db"
    with sqlite3.connect(tmp_path / "fremd.db") as foreign:
        foreign.execute("create table unterhaltungen (id text)")
    for file in (tmp_path / "fremd.db", own):
        with pytest.raises(BackupError, match="keine Sicherung"):
            put_back(file)
    assert keys(store) == ["anna"]


def test_a_file_that_is_missing_or_there_already_is_named(
    store: BoundedTrackerStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BackupError):
        put_back(tmp_path / "fehlt.db")
    assert not (tmp_path / "fehlt.db").exists()
    (tmp_path / "da.db").write_text("wichtig")
    with pytest.raises(BackupError, match="gibt es schon"):
        backup(url(), tmp_path / "da.db")
    assert (tmp_path / "da.db").read_text() == "wichtig"
    with pytest.raises(BackupError):
        backup(url(), tmp_path / "kein" / "ordner.db")


def test_the_command_line_backs_up_restores_and_purges(
    store: BoundedTrackerStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli.os, "chdir", lambda _: None)
    monkeypatch.setattr(cli, "configure_logging", lambda *_: None)
    save(store, "anna")
    file = str(tmp_path / "s.db")
    assert cli.main(["data", "backup", file]) == 0
    assert cli.main(["data", "purge", "--days", "0"]) == 0
    assert keys(store) == []
    assert cli.main(["data", "restore", file]) == 0
    assert keys(store) == ["anna"]
    assert "1 Gespräche" in capsys.readouterr().out
    assert cli.main(["data", "restore", file + "x"]) == 1
    assert "Traceback" not in capsys.readouterr().err
