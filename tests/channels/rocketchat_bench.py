"""How long people wait: ``python -m tests.channels.rocketchat_bench`` prints the figures."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
from pathlib import Path

import yaml

from bot.settings import PROJECT
from tests.channels.rocketchat_rig import assistant
from tests.channels.rocketchat_server import RocketChatServer

QUESTIONS_EACH = 30


async def measure(server: RocketChatServer, people: int, questions: list[str]) -> list[float]:
    """Return the seconds from each message to its posted answer."""
    waits: list[float] = []
    endless = itertools.cycle(questions)

    async def talk(person: int) -> None:
        room = server.room(None, f"direkt-{people}-{person}")
        for _ in range(max(QUESTIONS_EACH // people, 5)):
            before = len(server.posts(room))
            message = await server.say(f"person{person}", room, next(endless))
            await server.until(lambda b=before: len(server.posts(room)) > b, 120)
            waits.append(server.posts(room)[before].at - message.at)

    await asyncio.gather(*(talk(person) for person in range(people)))
    return waits


async def main() -> None:
    """Measure with one and with twenty people at once."""
    file = PROJECT / "tests" / "evaluation" / "questions.yml"
    questions = [item["frage"] for item in yaml.safe_load(file.read_text("utf-8"))]
    with tempfile.TemporaryDirectory() as folder:
        async with RocketChatServer() as server, assistant(server, Path(folder)):
            await measure(server, 1, questions[:3])
            for people in (1, 20):
                waits = await measure(server, people, questions)
                median, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
                print(
                    f"{people:2} at once: median {median:.3f} s, p95 {p95:.3f} s (n={len(waits)})"
                )


if __name__ == "__main__":
    asyncio.run(main())
