"""``python -m bot robustness``: the same answer to a message written differently?

Two groups of messages are reported apart: the questions of the evaluation sets, which nobody has
learnt, and sample questions of the knowledge base, on which the model was trained and stability
comes more easily.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from bot.answer import Outcome
from bot.evaluation.client import WORKERS, Start, in_order
from bot.evaluation.perturb import HARMLESS, TRANSFORMATIONS, variants
from bot.evaluation.sets import read_sets
from bot.evaluation.tasks import Question
from bot.knowledge.model import Knowledge

GOALS = {**dict.fromkeys(HARMLESS, 0.97), "one typo": 0.90, "two typos": 0.90}
"""Transformation -> the share of messages whose answer is to stay the same."""
SAMPLE = 200
"""So many sample questions of the knowledge base are tried."""


@dataclass(frozen=True)
class Variant:
    """A message written differently, with what came back before and after."""

    group: str
    transformation: str
    text: str
    changed: str
    before: Outcome
    after: Outcome

    @property
    def is_same(self) -> bool:
        """Whether the first entry, or where there is none the outcome, has stayed the same."""
        return _answer(self.before) == _answer(self.after)

    @property
    def same_status(self) -> bool:
        """Whether beside that the assistant is as sure: it answers, or asks back, as before."""
        return self.is_same and self.before.status == self.after.status


def _answer(outcome: Outcome) -> tuple[str | None, ...]:
    if outcome.status == "overview":
        return ("overview", outcome.group, outcome.kind)
    if outcome.entries:
        return (outcome.entries[0],)
    return (outcome.status, outcome.topic)


def messages(
    files: Sequence[Path], knowledge: Knowledge, sample: int = SAMPLE, seed: int = 0
) -> dict[str, list[str]]:
    """Return the messages by group: ``unseen`` from the sets, ``learnt`` from the knowledge base.

    Raises:
        SetError: a file is not a question set.
    """
    learnt = [str(question) for entry in knowledge.values() for question in entry.fragen]
    chosen = Random(seed).sample(learnt, min(sample, len(learnt)))  # noqa: S311
    unseen = [item.frage for item in read_sets(files) if isinstance(item, Question)]
    return {"unseen": unseen, "learnt": chosen}


def generate(
    start: Start, groups: Mapping[str, Sequence[str]], seed: int = 0, workers: int = WORKERS
) -> list[Variant]:
    """Ask every message in every way of writing it, each in a conversation of its own.

    Raises:
        AssistantError: the assistant does not answer.
    """
    tried = [
        (group, name, text, changed)
        for group, texts in groups.items()
        for name in TRANSFORMATIONS
        for text, changed in variants(texts, name, seed)
    ]
    texts = list(dict.fromkeys(text for _, _, *pair in tried for text in pair))
    outcomes = dict(zip(texts, in_order(lambda text: start()(text), texts, workers)))
    return [
        Variant(group, name, text, changed, outcomes[text], outcomes[changed])
        for group, name, text, changed in tried
    ]


def evaluate(tried: Sequence[Variant]) -> list[dict[str, Any]]:
    """Return one row for each group and transformation.

    ``same`` and ``same_status`` are shares of the ``count`` messages that could be changed.
    """
    rows: dict[tuple[str, str], list[Variant]] = {}
    for variant in tried:
        rows.setdefault((variant.group, variant.transformation), []).append(variant)
    return [
        {
            "group": group,
            "transformation": name,
            "count": len(row),
            "same": sum(variant.is_same for variant in row) / len(row),
            "same_status": sum(variant.same_status for variant in row) / len(row),
            "goal": GOALS[name],
        }
        for (group, name), row in rows.items()
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as a table; ✗ marks a share below its goal."""
    lines = [
        f"{'messages':<9} {'written with':<20} {'count':>5}  {'same':>6}  {'goal':>6}    status"
    ]
    for row in rows:
        mark = " " if row["same"] >= row["goal"] else "✗"
        lines.append(
            f"{row['group']:<9} {row['transformation']:<20} {row['count']:>5}  {row['same']:6.3f}"
            f"  ≥ {row['goal']:.2f} {mark}  {row['same_status']:6.3f}"
        )
    return "\n".join(lines)


def differences(tried: Sequence[Variant]) -> str:
    """Return what did not stay the same, for reading."""
    lines = ["changed answers"]
    for variant in tried:
        if not variant.is_same:
            lines.append(
                f"- {variant.transformation} ({variant.group}): {variant.text}\n"
                f"    {variant.changed}\n"
                f"    {_said(variant.before)} → {_said(variant.after)}"
            )
    return "\n".join(lines)


def as_data(tried: Sequence[Variant]) -> dict[str, Any]:
    """Return rows and changed answers as plain data."""
    return {
        "rows": evaluate(tried),
        "changed": [
            {
                "group": variant.group,
                "transformation": variant.transformation,
                "text": variant.text,
                "changed": variant.changed,
                "before": variant.before.to_json(),
                "after": variant.after.to_json(),
            }
            for variant in tried
            if not variant.is_same
        ],
    }


def _said(outcome: Outcome) -> str:
    parts = [outcome.status, *outcome.entries[:1], outcome.topic or ""]
    return f"{' '.join(filter(None, parts))} ({outcome.confidence:.2f})"
