"""What the search index costs to build and to ask, for 54, 500 and 5,000 entries.

Run ``python -m benchmarks.index_cost``. The 54 are the knowledge base with all its questions; the
others are invented beside it, with five questions each out of shuffled words, as a municipality
would add them. Vectors are random: the time that the encoder takes for a new text is measured
apart, because texts that were indexed before are read from a file.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Sequence

import numpy as np

from bot.knowledge import Knowledge, load_knowledge
from bot.knowledge.model import OwnEntry
from bot.knowledge.search.encoder import get_encoder
from bot.knowledge.search.index import QuestionIndex, rows
from bot.settings import get_settings

QUERIES = 50


class RandomVectors:
    """Stands in for the encoder."""

    name = "random"
    dimension = 384

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return random unit vectors."""
        vectors = np.random.default_rng(0).normal(size=(len(texts), self.dimension))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def widened(core: Knowledge, size: int) -> Knowledge:
    """Return the knowledge base with invented entries up to a size."""
    rng = random.Random(size)  # noqa: S311 (no secret)
    questions = [question.split() for entry in core.values() for question in entry.fragen]
    words = sorted({word for question in questions for word in question})
    entries = dict(core)
    for number in range(size - len(core)):
        texts = [" ".join(rng.choices(words, k=len(rng.choice(questions)))) for _ in range(7)]
        entry = OwnEntry(
            id=f"lokal-{number}",
            art="auskunft",
            titel=texts[0][:60],
            kurz=texts[1],
            text=texts[1],
            einfach=texts[1],
            fragen=texts[2:],
            stichworte=rng.choices(words, k=6),
            quelle={"dokument": "Merkblatt", "stelle": str(number)},
        )
        entries[entry.id] = entry
    wide = load_knowledge(get_settings().knowledge_dir)
    wide._entries = entries
    return wide


def seconds(run: Callable[[], object]) -> float:
    """Return the processor time of a call (s), which a busy machine does not change."""
    started = time.process_time()
    run()
    return time.process_time() - started


def main() -> None:
    """Print the table."""
    core = load_knowledge(get_settings().knowledge_dir)
    learnt = frozenset(rows(core))
    questions = [question for entry in core.values() for question in entry.fragen]
    asked = random.Random(1).sample(questions, QUERIES)  # noqa: S311
    print(f"{'entries':>8} {'texts':>7} {'build':>8} {'rank':>9} {'rank_new':>9} {'memory':>8}")
    for size in (len(core), 500, 5_000):
        knowledge = widened(core, size)
        built: list[QuestionIndex] = []
        build = seconds(
            lambda: built.append(QuestionIndex(knowledge, RandomVectors(), learnt=learnt))  # noqa: B023
        )
        index = built[0]
        rank = seconds(lambda: [index.rank(text) for text in asked]) / QUERIES  # noqa: B023
        new = seconds(lambda: [index.rank_new(text) for text in asked]) / QUERIES  # noqa: B023
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{size:8d} {len(rows(knowledge)):7d} {build:6.2f} s {1000 * rank:6.2f} ms "
            f"{1000 * new:6.2f} ms {memory:5d} MB"
        )
    if encoder := get_encoder():
        texts = [f"{text} Und noch etwas?" for text in asked[:32]]
        print(
            f"encoder: {1000 * seconds(lambda: encoder.encode(texts)) / len(texts):.1f} ms a text"
        )


if __name__ == "__main__":
    main()
