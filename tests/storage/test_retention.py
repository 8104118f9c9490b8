"""What is old, and what people have deleted, is gone from every byte of the database's files."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.settings import Settings, get_settings
from bot.storage.feedback import Feedback, FeedbackStore
from bot.storage.history import bound
from bot.storage.retention import ClockWatch, purge, purge_if_trusted
from bot.storage.tracker_store import BoundedTrackerStore

DAY = 86_400.0
DOMAIN = Domain.from_dict(
    {
        "version": "3.1",
        "slots": {
            name: {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]}
            for name in ("frage", "gruppe", "loeschen")
        },
        "forms": {},
    }
)


@pytest.fixture
def store(tmp_path: Path, set_environment: Callable[..., None]) -> BoundedTrackerStore:
    set_environment(state_dir=tmp_path, retention_days=30)
    return BoundedTrackerStore(DOMAIN)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "unterhaltungen.db")
    yield connection
    connection.close()


def run(result: Any) -> Any:
    return asyncio.run(result)


def save(store: BoundedTrackerStore, sender: str, text: str, days_ago: float = 0.0) -> None:
    when = time.time() - days_ago * DAY
    events = [UserUttered(text, timestamp=when), SlotSet("frage", text, timestamp=when)]
    run(store.save(DialogueStateTracker.from_events(sender, events, DOMAIN.slots)))


def set_age(database: sqlite3.Connection, sender: str, days: float) -> None:
    values = (time.time() - days * DAY, sender)
    database.execute("update unterhaltungen set zuletzt = ? where id = ?", values)
    database.commit()


def holds(folder: Path, text: str) -> list[str]:
    return [f.name for f in folder.rglob("*") if f.is_file() and text.encode() in f.read_bytes()]


def test_after_the_set_time_a_conversation_is_gone_with_every_byte(
    store: BoundedTrackerStore, database: sqlite3.Connection, tmp_path: Path
) -> None:
    save(store, "anna", "Altes4711" * 900)
    save(store, "berta", "Neues4711")
    set_age(database, "anna", 30.1)
    set_age(database, "berta", 29.9)
    assert holds(tmp_path, "Altes4711")
    assert purge(get_settings().database, 30).conversations == 1
    assert holds(tmp_path, "Altes4711") == []
    assert list(run(store.keys())) == ["berta"]
    assert purge(get_settings().database, 30).conversations == 0


def test_what_is_too_old_is_not_read_even_before_it_is_deleted(
    store: BoundedTrackerStore, database: sqlite3.Connection
) -> None:
    save(store, "anna", "Altes")
    set_age(database, "anna", 30.1)
    assert run(store.retrieve("anna")) is None


def test_a_conversation_that_is_over_and_not_yet_deleted_makes_room_for_a_new_one(
    store: BoundedTrackerStore, database: sqlite3.Connection
) -> None:
    save(store, "anna", "alt")
    set_age(database, "anna", 31)
    tracker = run(store.get_or_create_tracker("anna"))
    tracker.update(UserUttered("neu"))
    run(store.save(tracker))
    events = run(store.retrieve("anna")).events
    assert [event.text for event in events if isinstance(event, UserUttered)] == ["neu"]


def test_in_a_conversation_that_goes_on_old_messages_and_what_they_led_to_are_forgotten(
    store: BoundedTrackerStore, tmp_path: Path
) -> None:
    old, now = time.time() - 31 * DAY, time.time()
    events = [
        UserUttered("Uralt4711", timestamp=old),
        SlotSet("frage", "Uralt4711", timestamp=old),
        UserUttered("Neu4711", timestamp=now),
        SlotSet("gruppe", "politik", timestamp=now),
    ]
    run(store.save(DialogueStateTracker.from_events("anna", events, DOMAIN.slots)))
    assert holds(tmp_path, "Uralt4711") == []
    back = run(store.retrieve("anna"))
    assert (back.get_slot("frage"), back.get_slot("gruppe")) == (None, "politik")


def test_a_slot_stays_as_old_as_it_is_when_the_history_is_cut() -> None:
    events = [SlotSet("frage", "alt", timestamp=1.0)]
    events += [UserUttered(str(n), timestamp=100.0 + n) for n in range(50)]
    tracker = DialogueStateTracker.from_events("anna", events, DOMAIN.slots)
    for _ in range(2):
        kept = bound(tracker, DOMAIN, 20)
        tracker = DialogueStateTracker.from_events("anna", kept, DOMAIN.slots)
        assert tracker.get_slot("frage") == "alt"
    left = DialogueStateTracker.from_events(
        "anna", bound(tracker, DOMAIN, 20, since=50.0), DOMAIN.slots
    )
    assert left.get_slot("frage") is None


def test_a_deleted_conversation_leaves_no_byte_although_the_server_runs_on(
    store: BoundedTrackerStore, tmp_path: Path
) -> None:
    for n in range(20):
        save(store, "anna", f"Geheim4711 {n}")
    save(store, "berta", "bleibt4711")
    run(store.delete("anna"))
    assert holds(tmp_path, "Geheim4711") == []
    assert holds(tmp_path, "anna") == []
    assert holds(tmp_path, "bleibt4711")


def test_a_long_reader_delays_the_overwriting_but_never_the_deletion(
    store: BoundedTrackerStore, database: sqlite3.Connection, tmp_path: Path
) -> None:
    save(store, "anna", "Geheim4711")
    reading = database.execute("select * from unterhaltungen")
    reading.fetchone()
    started = time.monotonic()
    run(store.delete("anna"))
    assert time.monotonic() - started < 5
    assert run(store.retrieve("anna")) is None
    reading.close()
    purge(get_settings().database, 30)
    assert holds(tmp_path, "Geheim4711") == []


def test_why_an_answer_did_not_help_is_forgotten_the_vote_is_kept(
    store: BoundedTrackerStore, database: sqlite3.Connection, tmp_path: Path
) -> None:
    feedback = FeedbackStore(get_settings().database)
    feedback.add(Feedback("grundlagen-1", False, "Grund4711"))
    feedback.add(Feedback("grundlagen-1", True, "bleibt4711"))
    old = (date.today() - timedelta(days=30)).isoformat()
    database.execute("update rueckmeldungen set tag = ? where grund = 'Grund4711'", (old,))
    database.commit()
    assert purge(get_settings().database, 30).reasons == 1
    assert [(f.helpful, f.reason) for f in feedback.all()] == [(False, ""), (True, "bleibt4711")]
    assert holds(tmp_path, "Grund4711") == []


def test_zero_days_delete_everything(store: BoundedTrackerStore) -> None:
    save(store, "anna", "eins")
    assert purge(get_settings().database, 0).conversations == 1
    assert list(run(store.keys())) == []


def test_several_processes_may_purge_at_the_same_time(
    store: BoundedTrackerStore, database: sqlite3.Connection
) -> None:
    for n in range(50):
        save(store, f"p{n}", "alt")
        set_age(database, f"p{n}", 31)

    async def together() -> list[Any]:
        url = get_settings().database
        return await asyncio.gather(*(asyncio.to_thread(purge, url, 30) for _ in range(4)))

    assert sum(purged.conversations for purged in run(together())) == 50


def test_a_date_in_the_future_does_not_keep_a_conversation_for_ever(
    store: BoundedTrackerStore, database: sqlite3.Connection
) -> None:
    save(store, "anna", "aus der Zukunft")
    set_age(database, "anna", -3650)
    url = get_settings().database
    assert purge(url, 30).conversations == 0
    assert purge(url, 30, now=time.time() + 29 * DAY).conversations == 0
    assert purge(url, 30, now=time.time() + 31 * DAY).conversations == 1


def test_a_clock_that_jumps_ahead_deletes_nothing_at_once(
    store: BoundedTrackerStore, caplog: pytest.LogCaptureFixture
) -> None:
    now, steady = [time.time()], [0.0]
    watch = ClockWatch(lambda: now[0], lambda: steady[0])
    assert not watch.jumped()
    now[0] += 3_600
    steady[0] += 3_600
    assert not watch.jumped()
    now[0] += 365 * DAY
    steady[0] += 3_600
    with caplog.at_level(logging.WARNING):
        purge_if_trusted(get_settings(), watch)
    assert "Uhr" in caplog.text
    assert not watch.jumped(), "an hour later it is believed"


def test_a_database_that_is_gone_is_said_and_does_not_end_the_task(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}")
    with caplog.at_level(logging.WARNING):
        purge_if_trusted(settings, ClockWatch())
    assert "ließen sich nicht löschen" in caplog.text


def test_addresses_and_answers_in_memory_are_forgotten_after_their_time() -> None:
    from bot.channels.web.limits import IDLE_SECONDS, RateLimit, Sessions

    now = [0.0]
    limit, sessions = RateLimit(30, lambda: now[0]), Sessions(10, lambda: now[0])
    limit.wait("203.0.113.7")
    sessions.open("web-1")
    now[0] = 61.0
    limit.forget_idle()
    assert not limit._buckets
    sessions.forget_idle()
    assert len(sessions) == 1
    now[0] = IDLE_SECONDS + 1.0
    sessions.forget_idle()
    assert len(sessions) == 0
