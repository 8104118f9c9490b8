"""The tracker store on a real PostgreSQL, also when that is restarted or stands still."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import logs
from bot.storage import database, problems
from bot.storage.database import Database
from bot.storage.feedback import Feedback, FeedbackStore
from bot.storage.problems import StoreProblem, noting_troubles
from bot.storage.tracker_store import BoundedTrackerStore, Overtaken
from tests.services.parts import Postgres
from tests.services.scripted_process import DOMAIN


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'unterhaltungen.db'}"
    return str(request.getfixturevalue("postgres").url)


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "postgres" in request.fixturenames or "postgresql" in request.node.name:
        connection = psycopg2.connect(request.getfixturevalue("postgres").url)
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "DROP TABLE IF EXISTS unterhaltungen, rueckmeldungen, geloescht, lebenszeichen"
            )
        connection.close()


def store_at(url: str) -> BoundedTrackerStore:
    return BoundedTrackerStore(DOMAIN, host=url)


async def say(store: BoundedTrackerStore, text: str, id_: str = "", sender: str = "anna") -> None:
    tracker = await store.get_or_create_tracker(sender)
    tracker.update(UserUttered(text, message_id=id_, metadata={"a": 1}))
    tracker.update(BotUttered(data={"custom": {"parts": [], "zu": text}}))
    await store.save(tracker)


async def said(store: BoundedTrackerStore, sender: str = "anna") -> list[str]:
    tracker = await store.retrieve(sender)
    assert tracker
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


async def troubled(store: BoundedTrackerStore, text: str) -> bool:
    """Say something; return whether the person would be told that it is not remembered."""
    with noting_troubles() as troubles:
        await say(store, text)
    return bool(troubles)


def test_conversations_are_kept_continued_and_deleted(url: str) -> None:
    async def play() -> None:
        store = store_at(url)
        assert await store.retrieve("anna") is None
        await say(store, "Wie gewinne ich „Bürger:innen“? 🙂")
        await say(store, "Und dann?")
        await say(store, "Hallo", sender="x'; DROP TABLE unterhaltungen; --")
        assert await said(store_at(url)) == ["Wie gewinne ich „Bürger:innen“? 🙂", "Und dann?"]
        assert len(list(await store.keys())) == 2
        await store.delete("anna")
        assert not await store.exists("anna")

    asyncio.run(play())


def test_nothing_is_stored_before_the_first_message(url: str) -> None:
    async def play() -> None:
        store = store_at(url)
        await store.get_or_create_tracker("anna")
        assert list(await store.keys()) == []

    asyncio.run(play())


@pytest.mark.parametrize("begun", [True, False])
def test_a_turn_never_overwrites_one_of_another_process(url: str, begun: bool) -> None:
    async def play() -> None:
        one, other = store_at(url), store_at(url)
        if begun:
            await say(one, "Guten Tag")
        late = await one.get_or_create_tracker("anna")
        await say(other, "schneller")
        late.update(UserUttered("langsamer"))
        with pytest.raises(Overtaken):
            await one.save(late)
        assert (await said(one))[-1] == "schneller"

    asyncio.run(play())


def test_a_turn_does_not_bring_a_deleted_conversation_back(url: str) -> None:
    async def play() -> None:
        one, other = store_at(url), store_at(url)
        await say(one, "Guten Tag")
        late = await one.get_or_create_tracker("anna")
        await other.delete("anna")
        with pytest.raises(Overtaken):
            await one.save(late)
        assert not await one.exists("anna")

    asyncio.run(play())


def test_an_earlier_reply_is_found_by_the_id_of_its_message(url: str) -> None:
    async def play() -> None:
        store = store_at(url)
        for number in range(5):
            await say(store, f"Frage {number}", f'id-{number}"')
        earlier = await store.answered("anna", 'id-3"')
        assert earlier and earlier.reply["zu"] == "Frage 3" and earlier.metadata == {"a": 1}
        assert await store.answered("anna", "id") is None
        assert await store.answered("berta", 'id-3"') is None
        assert (await store.last_reply("anna") or {})["zu"] == "Frage 4"
        assert await store.last_reply("berta") is None

    asyncio.run(play())


def test_several_processes_may_create_the_tables_at_once(postgres: Postgres) -> None:
    async def play() -> None:
        await asyncio.gather(*(asyncio.to_thread(store_at, postgres.url) for _ in range(6)))
        await say(store_at(postgres.url), "Guten Tag")

    asyncio.run(play())


def test_feedback_is_kept_in_postgresql_too(postgres: Postgres) -> None:
    store = FeedbackStore(postgres.url)
    store.add(Feedback("grundlagen-1", True, "gut"))
    assert store.all() == [Feedback("grundlagen-1", True, "gut")]


def test_a_restart_of_the_database_costs_no_message(postgres: Postgres) -> None:
    async def play() -> None:
        store = store_at(postgres.url)
        done = asyncio.Event()

        async def talk(sender: str) -> int:
            number = 0
            while not done.is_set():
                number += 1
                await say(store, f"Frage {number}", sender=sender)
            return number

        talks = {f"person-{n}": asyncio.create_task(talk(f"person-{n}")) for n in range(8)}
        await asyncio.to_thread(postgres.restart)
        done.set()
        for sender, task in talks.items():
            number = await task
            kept = await said(store, sender)
            assert kept == [f"Frage {n}" for n in range(number - len(kept) + 1, number + 1)]

    asyncio.run(play())


def test_a_database_that_stands_still_holds_nobody_else_up(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 1.0)
    monkeypatch.setattr(database, "ONE_TRY", 0.5)

    async def play() -> None:
        store = store_at(postgres.url)
        await say(store, "Guten Tag")
        postgres.freeze()
        try:
            waiting = asyncio.gather(*(troubled(store, "Geheimnis4711") for _ in range(20)))
            beats = 0
            while not waiting.done():
                await asyncio.sleep(0.01)
                beats += 1
            assert all(await waiting)
            assert beats > 10, "the event loop stood still, too"
        finally:
            postgres.thaw()
        monkeypatch.setattr(database, "PATIENCE", 20.0)
        await say(store, "Wieder da")
        assert (await said(store))[-1] == "Wieder da"

    with caplog.at_level(logging.WARNING):
        asyncio.run(play())
    lines = [record.getMessage() for record in caplog.records if "atenbank" in record.getMessage()]
    assert len(lines) == 2 and "wieder erreichbar" in lines[1]


def test_the_log_of_an_error_never_carries_what_people_wrote(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logs, "_open_to_people", True)
    problems._logged.clear()
    opened = Database(url)

    def work(connection: sa.engine.Connection) -> None:
        connection.execute(sa.text("SELECT * FROM fehlt WHERE a = :a"), {"a": "Geheimnis4711"})

    with pytest.raises(sa.exc.SQLAlchemyError):
        asyncio.run(opened.run(work))
    logged = "".join(map(logs.TextFormatter().format, caplog.records))
    assert StoreProblem.MISSING.remedy in logged
    assert "Geheimnis4711" not in logged


def test_a_tracker_from_elsewhere_is_stored_over_what_there_is(url: str) -> None:
    async def play() -> None:
        store = store_at(url)
        await say(store, "Guten Tag")
        events = [UserUttered("Anders")]
        await store.save(DialogueStateTracker.from_events("anna", events, DOMAIN.slots))
        assert await said(store) == ["Anders"]

    asyncio.run(play())
