"""Several processes behind the very nginx site that is delivered, with PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.services.parts import Nginx, Postgres, Process, Redis, wait_until
from tests.services.person import Person, text_of

SETTINGS = {"secret": "geheim" * 8, "proxies": 1, "rate_conversation": 1000, "rate_address": 1000}

COUNT = 2
"""Each takes some seconds to start; three real ones run in ``tests/soak``."""


@dataclass
class Site:
    processes: list[Process]
    nginx: Nginx
    state: Path

    @property
    def url(self) -> str:
        return self.nginx.url


@pytest.fixture(scope="module")
def started(
    postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    values = {
        **SETTINGS,
        "database_url": postgres.url,
        "redis_url": redis.url,
        "state_dir": folder,
    }
    module = "tests.services.scripted_process"
    processes = [Process(module, folder / f"{n}.log", **values) for n in range(COUNT)]
    nginx = Nginx(folder, [process.port for process in processes])
    for process in processes:
        process.begin()
    for process in processes:
        process.wait()
    nginx.start()
    yield Site(processes, nginx, folder)
    nginx.stop()
    for process in processes:
        if not process.ended:
            process.send(signal.SIGTERM)
    for process in processes:
        process.stop()
        assert "Traceback" not in process.log.read_text(), process.log.read_text()[-3000:]


@pytest.fixture
def site(started: Site) -> Site:
    """The site with all its processes, also those that an earlier test has ended."""
    for process in started.processes:
        if process.ended:
            process.start()
    return started


@pytest.fixture
def slow(site: Site) -> Iterator[Site]:
    """The site, with „langsam“ waiting from now on."""
    for name in ("begonnen", "weiter"):
        (site.state / name).unlink(missing_ok=True)
    yield site
    (site.state / "weiter").touch()


def play(url: str, scenario: Callable[[Person], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with Person(url) as person:
            await person.open()
            await scenario(person)

    asyncio.run(run())


async def begun(site: Site) -> None:
    await asyncio.to_thread(wait_until, (site.state / "begonnen").exists, "a slow turn")


def test_the_delivered_site_is_one_that_nginx_accepts(site: Site) -> None:
    assert "test is successful" in site.nginx.check()
    assert "[warn]" not in site.nginx.check()


def test_a_conversation_goes_on_whichever_process_answers(site: Site) -> None:
    async def scenario(person: Person) -> None:
        for number in range(1, 10):
            direct = Person(site.processes[number % COUNT].url)
            direct.token = person.token
            async with direct:
                assert text_of(await direct.say("Hallo")) == f"{number}: Hallo"
        assert text_of(await person.say("Und?")) == "10: Und?"

    play(site.url, scenario)


def test_a_message_sent_to_all_processes_at_once_is_answered_once(site: Site) -> None:
    async def scenario(person: Person) -> None:
        async def send(process: Process, id_: str, text: str = "Hallo") -> tuple[int, Any]:
            async with Person(process.url) as direct:
                direct.token = person.token
                body = {"id": id_, "text": text}
                return await direct.call("POST", "/api/v1/messages", body)

        for number in range(1, 6):
            id_ = uuid4().hex
            answers = await asyncio.gather(*(send(process, id_) for process in site.processes * 2))
            assert {status for status, _ in answers} == {200}
            assert {text_of(answer) for _, answer in answers} == {f"{number}: Hallo"}
            assert all(answer == answers[0][1] for _, answer in answers)
            others = await asyncio.gather(*(send(p, id_, "Anderes") for p in site.processes))
            assert {status for status, _ in others} == {409}

    play(site.url, scenario)


def test_messages_to_several_processes_at_once_are_all_answered_and_kept(site: Site) -> None:
    async def scenario(person: Person) -> None:
        async def send(number: int) -> int:
            async with Person(site.processes[number % COUNT].url) as direct:
                direct.token = person.token
                return int(text_of(await direct.say(f"Nummer {number}")).split(":")[0])

        assert sorted(await asyncio.gather(*map(send, range(12)))) == list(range(1, 13))

    play(site.url, scenario)


def test_a_deleted_conversation_is_closed_in_every_process(slow: Site) -> None:
    async def scenario(person: Person) -> None:
        await person.say("Hallo")
        late = asyncio.create_task(
            person.call("POST", "/api/v1/messages", {"id": uuid4().hex, "text": "langsam"})
        )
        await begun(slow)
        leaving = asyncio.create_task(person.call("DELETE", "/api/v1/conversation"))
        while (await person.call("POST", "/api/v1/feedback", {}))[0] != 401:
            await asyncio.sleep(0.01)
        (slow.state / "weiter").touch()
        assert (await leaving)[0] == 204
        await late
        for process in slow.processes:
            async with Person(process.url) as direct:
                direct.token = person.token
                body = {"id": uuid4().hex, "text": "Hallo"}
                assert (await direct.call("POST", "/api/v1/messages", body))[0] == 401

    play(slow.url, scenario)


def test_a_limit_holds_over_all_processes(site: Site) -> None:
    async def scenario(_: Person) -> None:
        async def open_(process: Process) -> int:
            async with Person(process.url, 7) as direct:
                return (await direct.call("POST", "/api/v1/conversations"))[0]

        openings = int(SETTINGS["rate_address"]) // 10
        got = [await open_(site.processes[n % COUNT]) for n in range(openings + 5)]
        assert got.count(201) >= openings
        assert 429 in got

    play(site.url, scenario)


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/metrics", "/webhooks/rest/webhook"])
def test_what_is_for_this_machine_only_is_not_reachable_from_outside(site: Site, path: str) -> None:
    async def scenario(person: Person) -> None:
        status, _ = await person.call("GET", path)
        assert status == 404

    play(site.url, scenario)


def test_a_message_is_answered_once_though_its_process_is_killed(slow: Site) -> None:
    async def scenario(person: Person) -> None:
        assert text_of(await person.say("Hallo")) == "1: Hallo"
        victim = slow.processes[0]
        id_ = uuid4().hex
        async with Person(victim.url) as direct:
            direct.token = person.token
            lost = asyncio.create_task(
                direct.call("POST", "/api/v1/messages", {"id": id_, "text": "langsam"})
            )
            await begun(slow)
            victim.stop(signal.SIGKILL)
            (slow.state / "weiter").touch()
            with pytest.raises(Exception):  # noqa: B017
                await lost
        before = time.monotonic()
        assert text_of(await person.say("langsam", id_)) == "2: langsam"
        assert time.monotonic() - before < 15, "the lease of a killed process ends soon"
        assert text_of(await person.say("langsam", id_)) == "2: langsam"
        assert text_of(await person.say("Und?")) == "3: Und?"

    play(slow.url, scenario)


def test_a_process_that_is_told_to_stop_answers_what_it_has_taken_on(slow: Site) -> None:
    async def scenario(person: Person) -> None:
        stopping = slow.processes[1]
        async with Person(stopping.url) as direct:
            direct.token = person.token
            taken = asyncio.create_task(direct.say("langsam"))
            await begun(slow)
            stopping.send(signal.SIGTERM)
            await asyncio.to_thread(
                wait_until, lambda: not stopping.answers(), "no new connections", 20
            )
            (slow.state / "weiter").touch()
            assert text_of(await taken) == "1: langsam"
        await asyncio.to_thread(wait_until, lambda: stopping.ended, "the end of the process", 25)
        assert text_of(await person.say("Und?")) == "2: Und?"

    play(slow.url, scenario)
