"""Where the time of a turn goes: ``python -m benchmarks.turn_parts``.

The assistant runs in this process, without a server around it, and its parts are timed from the
outside. A part's time is its own: what other parts took inside it is taken off. The floors beside
it are what the web server, the encoder and the understanding take when nothing else is done.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.processor import MessageProcessor

from actions.base import get_live_knowledge
from benchmarks.load import unseen_questions
from bot.channels.rest import as_messages
from bot.channels.turn import take_turn
from bot.engine import InProcessActions, create_agent
from bot.knowledge.search.encoder import E5Encoder, get_encoder
from bot.knowledge.search.index import QuestionIndex
from bot.logs import configure_logging
from bot.nlu.classifier import MessageClassifier
from bot.nlu.featurizer import MeaningFeaturizer
from bot.nlu.groups import GroupExtractor
from bot.nlu.tokenizer import GermanTokenizer
from bot.settings import get_settings
from bot.storage.tracker_store import BoundedTrackerStore

TURNS = 60
CONVERSATIONS = 5
PARTS: dict[str, tuple[Any, str]] = {
    "encoder (e5, one text)": (E5Encoder, "encode"),
    "tokens and lemmas": (GermanTokenizer, "process"),
    "features without encoder": (MeaningFeaturizer, "process"),
    "classifier": (MessageClassifier, "process"),
    "groups": (GroupExtractor, "process"),
    "index, for follow-ups": (QuestionIndex, "rank"),
    "index, for new entries": (QuestionIndex, "rank_new"),
    "action: dialogue and reply": (InProcessActions, "request"),
    "rule policy": (RulePolicy, "predict_action_probabilities"),
    "store: read and restore": (BoundedTrackerStore, "retrieve"),
    "store: bound and write": (BoundedTrackerStore, "save"),
    "Rasa around it": (MessageProcessor, "handle_message"),
}


class Clock:
    """Adds up the time that each part took itself."""

    def __init__(self) -> None:
        self.own: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._inside: list[float] = []

    @contextmanager
    def part(self, name: str) -> Any:
        """Time a block as a part."""
        started = time.perf_counter()
        self._inside.append(0.0)
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.own[name] += took - self._inside.pop()
            self.calls[name] += 1
            if self._inside:
                self._inside[-1] += took

    def watch(self, name: str, owner: Any, method: str) -> None:
        """Time all calls of a method as a part."""
        original: Callable[..., Any] = getattr(owner, method)

        @functools.wraps(original)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return original(*args, **kwargs)

        @functools.wraps(original)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return await original(*args, **kwargs)

        setattr(owner, method, awaited if inspect.iscoroutinefunction(original) else timed)


async def measure(clock: Clock) -> float:
    """Take the turns; return the time of all of them (s)."""
    get_live_knowledge()
    agent = await create_agent(get_settings())
    asked = unseen_questions(seed=2)
    await agent.parse_message("Guten Tag")
    clock.own.clear()
    clock.calls.clear()
    started = time.perf_counter()
    for _ in range(CONVERSATIONS):
        sender = uuid4().hex
        for _ in range(TURNS):
            with clock.part("channel"):
                as_messages(await take_turn(agent.handle_message, next(asked), sender, "rest"))
    return time.perf_counter() - started


async def understanding(count: int = 60) -> float:
    """Return the time of understanding one new message (s)."""
    agent = await create_agent(get_settings())
    asked = unseen_questions(seed=3)
    started = time.perf_counter()
    for _ in range(count):
        await agent.parse_message(next(asked))
    return (time.perf_counter() - started) / count


def encoding(count: int = 60) -> float:
    """Return the time of encoding one new text (s)."""
    encoder, asked = E5Encoder(get_settings().state_dir), unseen_questions(seed=4)
    texts = [next(asked) for _ in range(count)]
    started = time.perf_counter()
    for text in texts:
        encoder.encode([text])
    return (time.perf_counter() - started) / count


def main() -> None:
    """Print the table."""
    configure_logging()
    os.environ["LOTSE_DATABASE_URL"] = f"sqlite:///{Path(tempfile.mkdtemp()) / 'u.db'}"
    get_settings.cache_clear()
    if get_encoder():
        print(f"encoder alone: {1000 * encoding():6.2f} ms")
    print(f"understanding alone: {1000 * asyncio.run(understanding()):6.2f} ms")
    clock = Clock()
    for name, (owner, method) in PARTS.items():
        clock.watch(name, owner, method)
    total = asyncio.run(measure(clock))
    turns = CONVERSATIONS * TURNS
    for name, took in sorted(clock.own.items(), key=lambda item: -item[1]):
        per_turn = clock.calls[name] / turns
        print(f"{name:28} {1000 * took / turns:7.2f} ms  {took / total:5.1%}  × {per_turn:.2f}")
    print(f"{'a turn':28} {1000 * total / turns:7.2f} ms  (load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
