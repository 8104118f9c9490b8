"""Conversations: bounded without losing anything that matters, and safe on disk."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    FollowupAction,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.storage.history import bound
from bot.storage.tracker_store import BoundedTrackerStore

DOMAIN = {
    "version": "3.1",
    "slots": {
        name: {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]}
        for name in ("gruppe", "frage", "loeschen")
    },
    "forms": {"plan_formular": {"required_slots": []}},
}


@pytest.fixture(scope="module")
def rasa_domain() -> Domain:
    return Domain.from_dict(DOMAIN)


@pytest.fixture
def store(
    tmp_path: Path, rasa_domain: Domain, set_environment: Callable[..., None]
) -> BoundedTrackerStore:
    set_environment(state_dir=tmp_path, history_events=20)
    return BoundedTrackerStore(rasa_domain)


def turns(number: int) -> list[Event]:
    return [
        event
        for n in range(number)
        for event in (
            ActionExecuted("action_listen"),
            UserUttered(f"Frage {n}"),
            ActionExecuted("action_anliegen"),
            SlotSet("frage", f"Frage {n}"),
            BotUttered(f"Antwort {n}"),
        )
    ]


def tracker_of(events: list[Event], domain: Domain, sender: str = "anna") -> DialogueStateTracker:
    return DialogueStateTracker.from_events(sender, events, domain.slots)


def run(result: Any) -> Any:
    return asyncio.run(result)


def test_a_short_history_is_kept_as_it_is(rasa_domain: Domain) -> None:
    events = turns(3)
    assert bound(tracker_of(events, rasa_domain), rasa_domain, 20) == events


def test_which_action_was_to_come_next_is_not_kept(rasa_domain: Domain) -> None:
    events = turns(3)
    tracker = tracker_of([*events, FollowupAction("action_listen")], rasa_domain)
    assert bound(tracker, rasa_domain, 20) == events


@pytest.mark.parametrize("number", [5, 50, 500])
def test_a_long_history_is_cut_at_a_message_and_leads_to_the_same_state(
    rasa_domain: Domain, number: int
) -> None:
    early = [SlotSet("gruppe", "politik"), ActiveLoop("plan_formular")]
    whole = tracker_of([*early, *turns(number)], rasa_domain)
    events = bound(whole, rasa_domain, 20)
    assert len(events) <= 20 + len(DOMAIN["slots"]) + 2
    after = tracker_of(events, rasa_domain)
    assert after.current_slot_values() == whole.current_slot_values()
    assert after.active_loop_name == whole.active_loop_name == "plan_formular"
    assert after.latest_message.text == whole.latest_message.text
    kept = [event.text for event in events if isinstance(event, UserUttered)]
    assert kept == [f"Frage {n}" for n in range(number - len(kept), number)]
    assert len(kept) >= 3


def test_cutting_again_and_again_loses_nothing(rasa_domain: Domain) -> None:
    tracker = tracker_of([SlotSet("gruppe", "politik")], rasa_domain)
    for n in range(60):
        tracker = tracker_of([*tracker.events, *turns(1)], rasa_domain)
        tracker = tracker_of(bound(tracker, rasa_domain, 20), rasa_domain)
        assert tracker.get_slot("gruppe") == "politik", n
        assert len(tracker.events) <= 25


def test_a_slot_that_was_emptied_stays_empty(rasa_domain: Domain) -> None:
    early = [SlotSet("gruppe", "politik"), SlotSet("gruppe", None)]
    tracker = tracker_of([*early, *turns(20)], rasa_domain)
    assert tracker_of(bound(tracker, rasa_domain, 20), rasa_domain).get_slot("gruppe") is None


def test_one_endless_turn_is_cut_as_well(rasa_domain: Domain) -> None:
    events: list[Event] = [UserUttered("Frage"), *(BotUttered(str(n)) for n in range(100))]
    assert len(bound(tracker_of(events, rasa_domain), rasa_domain, 20)) <= 25


def test_a_conversation_comes_back_as_it_was_saved(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    assert run(store.retrieve("anna")) is None
    text = "Wie gewinne ich „Bürger:innen“? 🙂"
    run(store.save(tracker_of([UserUttered(text), SlotSet("gruppe", "politik")], rasa_domain)))
    for reader in (store, BoundedTrackerStore(rasa_domain)):  # from memory, and from the disk
        back = run(reader.retrieve("anna"))
        assert back.latest_message.text == text
        assert back.get_slot("gruppe") == "politik"
        assert run(reader.retrieve("berta")) is None


def test_what_is_kept_in_memory_is_what_the_disk_holds(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    run(store.save(tracker_of(turns(10), rasa_domain)))
    kept, read = (run(s.retrieve("anna")) for s in (store, BoundedTrackerStore(rasa_domain)))
    assert list(kept.events) == list(read.events)
    assert kept.current_slot_values() == read.current_slot_values()
    assert kept.stored_at == read.stored_at


def test_a_conversation_that_another_process_went_on_with_is_read_anew(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    run(store.save(tracker_of(turns(1), rasa_domain)))
    other = BoundedTrackerStore(rasa_domain)
    tracker = run(other.retrieve("anna"))
    tracker.update(UserUttered("und die Vereine?"))
    run(other.save(tracker))
    assert run(store.retrieve("anna")).latest_message.text == "und die Vereine?"


def test_a_conversation_that_another_process_deleted_is_gone(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    run(store.save(tracker_of(turns(1), rasa_domain)))
    run(BoundedTrackerStore(rasa_domain).delete("anna"))
    assert run(store.retrieve("anna")) is None


def test_a_turn_that_fails_leaves_nothing_behind_in_memory(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    run(store.save(tracker_of(turns(1), rasa_domain)))
    run(store.retrieve("anna")).update(UserUttered("halb"))  # and never saved
    assert run(store.retrieve("anna")).latest_message.text == "Frage 0"


def test_a_conversation_leaves_the_memory_soon_after_its_last_message(
    store: BoundedTrackerStore, rasa_domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("bot.storage.tracker_store.time.monotonic", lambda: now)
    run(store.save(tracker_of(turns(1), rasa_domain, "anna")))
    now += 14 * 60
    run(store.save(tracker_of(turns(1), rasa_domain, "berta")))
    store.forget_idle()
    assert list(store._kept) == ["anna", "berta"]
    now += 2 * 60
    store.forget_idle()
    assert list(store._kept) == ["berta"]


def test_only_the_last_conversations_are_kept_in_memory(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    for number in range(100):
        run(store.save(tracker_of(turns(1), rasa_domain, str(number))))
    assert len(store._kept) == 64
    assert run(store.retrieve("0")).latest_message.text == "Frage 0"


def test_what_is_on_disk_is_bounded(
    store: BoundedTrackerStore, rasa_domain: Domain, tmp_path: Path
) -> None:
    run(store.save(tracker_of([SlotSet("gruppe", "politik"), *turns(300)], rasa_domain)))
    back = run(store.retrieve("anna"))
    assert len(back.events) <= 25
    assert back.get_slot("gruppe") == "politik"
    rows = sqlite3.connect(tmp_path / "unterhaltungen.db").execute(
        "select count(*), max(length(ereignisse)) from unterhaltungen"
    )
    count, length = rows.fetchone()
    assert count == 1
    assert length < 20_000


def test_a_conversation_is_deleted_with_every_trace_of_its_words(
    store: BoundedTrackerStore, rasa_domain: Domain, tmp_path: Path
) -> None:
    run(store.save(tracker_of([UserUttered("Geheimnis4711")], rasa_domain)))
    run(store.save(tracker_of([UserUttered("bleibt")], rasa_domain, "berta")))
    run(store.delete("anna"))
    assert list(run(store.keys())) == ["berta"]
    connection = sqlite3.connect(tmp_path / "unterhaltungen.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for file in tmp_path.iterdir():
        assert b"Geheimnis4711" not in file.read_bytes(), file.name


def test_who_asks_for_deletion_is_not_saved_again(
    store: BoundedTrackerStore, rasa_domain: Domain
) -> None:
    run(store.save(tracker_of([UserUttered("Hallo")], rasa_domain)))
    leaving = [UserUttered("Löschen Sie meine Daten"), SlotSet("loeschen", True)]
    run(store.save(tracker_of(leaving, rasa_domain)))
    assert run(store.retrieve("anna")) is None
    assert list(run(store.keys())) == []


def test_ids_are_data_and_never_sql(store: BoundedTrackerStore, rasa_domain: Domain) -> None:
    sender = "x'; DROP TABLE unterhaltungen; --"
    run(store.save(tracker_of([UserUttered("Hallo")], rasa_domain, sender)))
    assert list(run(store.keys())) == [sender]


KILLED = """
import asyncio, os, sys
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from bot.storage.tracker_store import BoundedTrackerStore
domain = Domain.empty()
store = BoundedTrackerStore(domain)
n = 0
while True:
    n += 1
    events = [UserUttered(f"Frage {n}")]
    asyncio.run(store.save(DialogueStateTracker.from_events("anna", events, domain.slots)))
    print(n, flush=True)
"""


def test_what_was_saved_survives_a_kill_at_any_moment(
    store: BoundedTrackerStore, tmp_path: Path, project: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED],
        cwd=project,
        env={**os.environ, "LOTSE_STATE_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = 0
    for line in process.stdout:
        said = int(line)
        if said == 50:
            process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    back = run(store.retrieve("anna"))
    number = int(back.latest_message.text.split()[1])
    assert number >= said
    check = sqlite3.connect(tmp_path / "unterhaltungen.db").execute("PRAGMA integrity_check")
    assert check.fetchone() == ("ok",)
