"""Three real processes behind nginx under load, while things break.

Prints its figures; docs/decisions/0016-scale.md holds those of one run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
import pytest

from tests.rasa.test_serve import QUESTIONS
from tests.services.parts import Nginx, Postgres, Process, Redis
from tests.services.person import Person

pytestmark = [pytest.mark.soak, pytest.mark.rasa]

PEOPLE = 300
ROUNDS = 4
"""Two messages each."""


@dataclass
class Site:
    postgres: Postgres
    redis: Redis
    processes: list[Process]
    folder: Path

    @contextlib.contextmanager
    def nginx(self, number: int) -> Iterator[str]:
        folder = self.folder / f"{number}-{time.monotonic_ns()}"
        folder.mkdir()
        running = Nginx(folder, [process.port for process in self.processes[:number]])
        running.start()
        try:
            yield running.url
        finally:
            running.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("soak")
    redis, postgres = Redis(), Postgres(folder)
    redis.start(), postgres.start()
    values = {
        "secret": "geheim" * 8,
        "proxies": 1,
        "rate_conversation": 1000,
        "rate_address": 3000,
        "database_url": postgres.url,
        "redis_url": redis.url,
        "history_events": 200,  # all that is said is still there to be compared
    }
    processes = [Process("bot serve", folder / f"{n}.log", **values) for n in range(3)]
    try:
        for process in processes:
            process.begin()
        for process in processes:
            process.wait()
        yield Site(postgres, redis, processes, folder)
    finally:
        for service in (*processes, redis, postgres):
            service.stop()


@dataclass
class Load:
    """People who talk, and what they were answered."""

    url: str
    people: int
    rounds: int
    sent: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    attempts: int = 0
    answered: int = 0

    @property
    def messages(self) -> int:
        return self.people * self.rounds * 2

    async def run(self) -> float:
        """Let all talk at once; return the seconds that it took."""
        begun = time.monotonic()
        await asyncio.gather(*map(self._talk, range(self.people)))
        return time.monotonic() - begun

    async def _talk(self, number: int) -> None:
        chance = random.Random(number)
        async with Person(self.url, number) as person:
            await person.open()
            texts = self.sent[person.conversation] = []
            for _ in range(self.rounds):
                question, entry = chance.choice(list(QUESTIONS.items()))
                for text in (question, "Nochmal"):
                    texts.append(text)
                    outcome = (await person.say(text))["answer"]
                    self.answered += 1
                    if outcome["entries"][:1] != [entry]:
                        self.wrong.append(f"{text}: {outcome} instead of {entry}")
            self.latencies += person.latencies
            self.attempts += person.attempts - 1


def kept(postgres: Postgres) -> dict[str, list[str]]:
    """Return the messages in the database, by conversation."""
    connection = psycopg2.connect(postgres.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, ereignisse FROM unterhaltungen")
        rows = cursor.fetchall()
    connection.close()
    return {
        id_: [event["text"] for event in json.loads(events)["events"] if event["event"] == "user"]
        for id_, events in rows
    }


def figures(load: Load, seconds: float) -> str:
    cuts = statistics.quantiles(load.latencies, n=100)
    return (
        f"{load.messages} messages of {load.people} people in {seconds:.1f} s: "
        f"{load.messages / seconds:.1f}/s, p50 {cuts[49] * 1000:.0f} ms, "
        f"p95 {cuts[94] * 1000:.0f} ms, longest {max(load.latencies):.1f} s"
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_throughput_by_number_of_processes(site: Site, number: int) -> None:
    with site.nginx(number) as url:
        load = Load(url, people=30, rounds=ROUNDS)
        seconds = asyncio.run(load.run())
    memory = [psutil.Process(p.pid).memory_info().rss >> 20 for p in site.processes]
    print(f"\n{number} process(es): {figures(load, seconds)}; memory {memory} MB")
    assert not load.wrong
    stored = kept(site.postgres)
    assert all(stored[conversation] == texts for conversation, texts in load.sent.items())


def test_nothing_is_lost_doubled_or_mixed_up_while_everything_breaks(site: Site) -> None:
    async def breaking(load: Load) -> None:
        async def at(share: float, what: str) -> None:
            while load.answered < share * load.messages:
                await asyncio.sleep(0.05)
            print(f"\n{time.monotonic() - begun:6.1f} s, {load.answered} answered: {what}", end="")

        begun = time.monotonic()
        await at(0.1, "process 1 killed and started again")
        site.processes[0].stop(signal.SIGKILL)
        site.processes[0].begin()
        await at(0.3, "Redis restarted")
        await asyncio.to_thread(site.redis.restart)
        await at(0.5, "PostgreSQL restarted")
        await asyncio.to_thread(site.postgres.restart)
        await at(0.7, "process 2 told to stop and started again")
        site.processes[1].send(signal.SIGTERM)
        await asyncio.to_thread(site.processes[1].stop)
        site.processes[1].begin()
        await at(0.85, "Redis and process 3 killed and started again")
        site.redis.stop(signal.SIGKILL)
        site.processes[2].stop(signal.SIGKILL)
        site.redis.start()
        site.processes[2].begin()

    async def play(load: Load) -> float:
        faults = asyncio.create_task(breaking(load))
        seconds = await load.run()
        await faults
        return seconds

    with site.nginx(3) as url:
        load = Load(url, PEOPLE, ROUNDS)
        seconds = asyncio.run(play(load))
    print(f"\nwith faults: {figures(load, seconds)}; {load.attempts} requests")
    for process in site.processes:
        process.wait()
    assert load.answered == load.messages
    assert not load.wrong, load.wrong[:5]
    stored = kept(site.postgres)
    differing = {c: (t, stored.get(c)) for c, t in load.sent.items() if stored.get(c) != t}
    assert not differing, list(differing.items())[:3]
