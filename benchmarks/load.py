"""Conversations with an assistant, and how long its answers take."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import product
from time import perf_counter
from typing import Any
from uuid import uuid4

import aiohttp

from bot.evaluation.sets import read_set
from bot.evaluation.tasks import Question
from bot.settings import PROJECT

QUESTIONS = PROJECT / "tests" / "evaluation" / "questions.yml"
_FIRST = "Ahorn Birken Buchen Eichen Erlen Eschen Hasel Kiefern Linden Pappel Tannen Ulmen Weiden"
_LAST = "au bach berg bruch burg dorf feld furt hagen hain heim hof hausen rode stedt tal wald"


def unseen_questions(seed: int) -> Iterator[str]:
    """Give the specific questions of the evaluation set, see :func:`new_texts`."""
    asked = [item.frage for item in read_set(QUESTIONS)
             if isinstance(item, Question) and item.typ == "spezifisch"]  # fmt: skip
    return new_texts(asked, seed)


def new_texts(asked: Sequence[str], seed: int) -> Iterator[str]:
    """Give questions without end, none twice before all have had their turn.

    Each has the name of an invented place before it. So our cache of embeddings never knows one,
    and what is measured is what new messages cost.
    """
    places = [first + last for first, last in product(_FIRST.split(), _LAST.split())]
    rng = random.Random(seed)  # noqa: S311 (no secret)
    while True:
        pairs = list(product(places, asked))
        rng.shuffle(pairs)
        yield from (f"{place}: {question}" for place, question in pairs)


class Talk:
    """One conversation over the REST channel."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._sender = uuid4().hex

    async def ask(self, text: str) -> tuple[float, bool]:
        """Return how long the answer took (s), and whether an entry was shown."""
        started = perf_counter()
        body = {"sender": self._sender, "message": text}
        async with self._session.post(self._url, json=body) as reply:
            messages: list[dict[str, Any]] = await reply.json()
        took = perf_counter() - started
        if reply.status != 200 or not messages:
            raise RuntimeError(f"{self._url}: {reply.status} {messages!r}")
        return took, _shows_entry(messages)


def _shows_entry(messages: list[dict[str, Any]]) -> bool:
    outcomes = [m["custom"]["answer"]["status"] for m in messages if "custom" in m]
    return outcomes == ["answer"] if outcomes else "buttons" in messages[-1]


async def throughput(
    url: str, conversations: int, total: int, turns: int, asked: Iterator[str]
) -> float:
    """Return messages answered a second.

    Args:
        url: the REST channel.
        conversations: so many at the same time.
        total: so many all in all.
        turns: messages in each of them.
        asked: gives the messages.
    """
    waiting = iter(range(total))
    texts = [[next(asked) for _ in range(turns)] for _ in range(total)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one_after_another() -> None:
            for number in waiting:
                talk = Talk(session, url)
                for text in texts[number]:
                    await talk.ask(text)

        started = perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(conversations)))
        return total * turns / (perf_counter() - started)
