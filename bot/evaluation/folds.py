"""Divide examples by their writers, so that nobody is in both halves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from bot.dialogue.turn import CONCERN


@dataclass(frozen=True)
class Example:
    """A message with its writer and what it is to lead to."""

    text: str
    voice: str
    """Empty for examples whose writer is not named: they are in every training."""
    intent: str
    detail: str = ""
    """The entry that answers it, or the theme of an out-of-scope message."""
    message: Any = None
    """The same as the engine takes it."""


def split(
    examples: Sequence[Example], fold: int, folds: int
) -> tuple[list[Example], list[Example]]:
    """Return the examples to train on and those to test with; no writer is in both.

    The writers of sample questions are dealt into the folds; those of other intents are few, so
    one of them is left out in each fold, in turn.

    Raises:
        ValueError: fewer than two folds, or more folds than writers of sample questions.
    """
    voices = _voices(example for example in examples if example.intent == CONCERN)
    others = _voices(example for example in examples if example.intent != CONCERN)
    if not 2 <= folds <= len(voices):
        raise ValueError(f"Es gibt {len(voices)} Stimmen; also 2 bis {len(voices)} Teile wählen")
    held_out = set(voices[fold::folds])
    held_out_other = others[fold % len(others)] if others else ""
    train: list[Example] = []
    test: list[Example] = []
    for example in examples:
        if example.intent == CONCERN:
            held = example.voice in held_out
        else:
            held = bool(example.voice) and example.voice == held_out_other
        (test if held else train).append(example)
    return train, test


def limited(examples: Sequence[Example], size: int | None, seed: int = 0) -> list[Example]:
    """Return at most ``size`` sample questions for each entry, chosen at random, and the rest.

    The same seed chooses the same ones, and a smaller size some of those of a larger one.
    """
    if size is None:
        return list(examples)
    shuffled = list(examples)
    Random(seed).shuffle(shuffled)  # noqa: S311
    taken: dict[str, int] = defaultdict(int)
    chosen = []
    for example in shuffled:
        if example.intent == CONCERN:
            taken[example.detail] += 1
            if taken[example.detail] > size:
                continue
        chosen.append(example)
    return chosen


def _voices(examples: Iterable[Example]) -> list[str]:
    return sorted({example.voice for example in examples if example.voice})
