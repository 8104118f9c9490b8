"""What processes share over a real Redis, and what is left of it when Redis is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis as Client

from bot.channels.web.limits import RateLimit
from bot.settings import Settings
from bot.shared import Shared, link, locks
from tests.channels.rocketchat_rig import QUICK, FakeRasa, rocketchat_settings, running
from tests.channels.rocketchat_server import RocketChatServer
from tests.services.parts import Redis

SECRET = "geheim" * 8


@pytest.fixture(autouse=True)
def empty(redis: Redis) -> None:
    Client.from_url(redis.url).flushdb()


@pytest.fixture
def process(redis: Redis) -> Callable[[], Shared]:
    """Return what makes the shared state of one more process."""
    return lambda: Shared(Settings(redis_url=redis.url, secret=SECRET))


def play(scenario: Callable[[Shared, Shared], Any], process: Callable[[], Shared]) -> None:
    """Run a scenario with two processes."""

    async def run() -> None:
        one, other = process(), process()
        try:
            await scenario(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(run())


def test_a_mark_is_made_once_and_known_everywhere(process: Callable[[], Shared]) -> None:
    async def scenario(one: Shared, other: Shared) -> None:
        both = await asyncio.gather(*(p.seen.add("m1") for p in (one, other) for _ in range(10)))
        assert sum(both) == 1
        assert await one.seen.has("m1") and await other.seen.has("m1")
        assert not await other.closed.has("m1")
        await one.seen.discard("m2")
        assert await other.seen.add("m2")

    play(scenario, process)


def test_a_limit_counts_over_all_processes(process: Callable[[], Shared]) -> None:
    async def scenario(one: Shared, other: Shared) -> None:
        rates = [p.rate("adresse", RateLimit(6)) for p in (one, other)]
        waits = [await rates[n % 2].wait("198.51.100.7") for n in range(8)]
        assert waits[:6] == [0] * 6
        assert all(8 <= wait <= 10 for wait in waits[6:])
        assert await rates[0].wait("198.51.100.8") == 0

    play(scenario, process)


def test_redis_holds_neither_addresses_nor_ids_and_nothing_for_ever(
    process: Callable[[], Shared], redis: Redis
) -> None:
    async def scenario(one: Shared, _: Shared) -> None:
        await one.rate("adresse", RateLimit(6)).wait("198.51.100.7")
        await one.closed.add("web-1234")
        async with one.locks.lock("web-1234"):
            with Client.from_url(redis.url) as client:
                keys = client.keys()
                assert len(keys) == 3
                for key in keys:
                    assert key.startswith(b"lotse:")
                    assert b"1234" not in key and b"198.51" not in key
                    assert 0 < client.ttl(key) <= 24 * 3600

    play(scenario, process)


def test_only_one_process_at_a_time_takes_a_turn(process: Callable[[], Shared]) -> None:
    async def scenario(one: Shared, other: Shared) -> None:
        inside, most = 0, 0

        async def turn(shared: Shared) -> None:
            nonlocal inside, most
            async with shared.locks.lock("anna"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        await asyncio.gather(*(turn(shared) for shared in (one, other) for _ in range(5)))
        assert most == 1

    play(scenario, process)


def test_turns_of_one_process_are_taken_in_order_and_without_a_pause() -> None:
    shared = Shared(Settings(redis_url="", secret=SECRET))
    order: list[int] = []

    async def turn(number: int) -> None:
        async with shared.locks.lock("anna"):
            await asyncio.sleep(0)
            order.append(number)

    async def run() -> None:
        await asyncio.wait_for(asyncio.gather(*map(turn, range(50))), 5)

    asyncio.run(run())
    assert order == list(range(50))


def test_a_killed_process_blocks_a_conversation_only_until_its_lease_ends(
    process: Callable[[], Shared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LEASE", 0.5)

    async def scenario(one: Shared, other: Shared) -> None:
        killed = one.locks.lock("anna")
        await killed.__aenter__()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()  # nobody renews it any more
        async with other.locks.lock("anna"):
            pass

    play(scenario, process)


def test_a_long_turn_keeps_its_lease(
    process: Callable[[], Shared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LEASE", 0.5)

    async def scenario(one: Shared, other: Shared) -> None:
        async with one.locks.lock("anna"):
            waiting = asyncio.create_task(other.locks.lock("anna").__aenter__())
            done, _ = await asyncio.wait({waiting}, timeout=1.5)
            assert not done
        await waiting

    play(scenario, process)


def test_without_redis_everything_goes_on_and_comes_back_by_itself(
    process: Callable[[], Shared],
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(link, "PAUSE", 0.05)

    async def scenario(one: Shared, other: Shared) -> None:
        rate = one.rate("adresse", RateLimit(3))
        assert await one.seen.add("vorher")
        redis.stop()
        try:
            assert [await rate.wait("a") for _ in range(4)][:3] == [0, 0, 0]
            assert await rate.wait("a") > 0, "the limit of the process still holds"
            assert not await one.seen.add("vorher"), "its own marks are still known"
            assert await one.seen.add("m3") and not await one.seen.add("m3")
            assert not await one.closed.has("web-1")
            async with one.locks.lock("anna"):
                pass
            assert one.health() == {"status": "degraded"}
        finally:
            redis.start()
        for _ in range(200):
            await other.seen.add("m4")
            if not await one.seen.add("m4"):
                break
            await one.seen.discard("m4")
            await asyncio.sleep(0.02)
        assert one.health() == {"status": "ok"}

    with caplog.at_level(logging.WARNING):
        play(scenario, process)
    lines = [record.getMessage() for record in caplog.records if "Redis" in record.getMessage()]
    assert sum("antwortet nicht" in line for line in lines) <= 2, "one line for each process"
    assert sum("wieder erreichbar" in line for line in lines) <= 2


def test_a_message_delivered_to_two_processes_is_answered_once_in_rocketchat(
    process: Callable[[], Shared],
) -> None:
    from bot.channels.rocketchat.channel import RocketChatChannel

    async def scenario(one: Shared, other: Shared) -> None:
        async with RocketChatServer() as server:
            rasa = FakeRasa()
            settings = rocketchat_settings(server)
            async with (
                running(RocketChatChannel(settings, one.seen, QUICK), rasa, server) as first,
                running(RocketChatChannel(settings, other.seen, QUICK), rasa, server) as second,
            ):
                room = server.room(None, "dm-anna")
                server.webhook_url = ""
                for number in range(10):
                    message = await server.say("anna", room, f"Frage {number}")
                    for url in (first, second):
                        server.webhook_url = f"{url}/webhook"
                        server.deliver(message)
                    await server.until(lambda: len(server.posts(room)) > number)  # noqa: B023
                await server.settled()
                assert len(server.posts(room)) == 10
        assert sorted(rasa.texts) == sorted(f"Frage {n}" for n in range(10))

    play(scenario, process)
