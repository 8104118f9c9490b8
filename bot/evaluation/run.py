"""``python -m bot evaluate``: send question sets to the running assistant and report."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.evaluation.client import Conversation
from bot.evaluation.figures import (
    TARGETS,
    Judged,
    figures,
    is_miss,
    judge_other,
    judge_question,
    judge_turn,
    reached,
)

Figures = dict[str, tuple[int, int]]


class SetError(ValueError):
    """A question set is not in the format."""


def evaluate(url: str, files: Sequence[Path]) -> list[Judged]:
    """Send every message of the sets as a new conversation (dialogues: one each).

    Raises:
        SetError: a file is not a question set.
        AssistantError: the assistant does not answer.
    """
    judged: list[Judged] = []
    for file in files:
        for item in _read(file):
            try:
                judged.extend(_judge(url, item, file))
            except KeyError as error:
                raise SetError(f"{file}: {error} fehlt in {item}") from error
    return judged


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        items = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SetError(f"{file}: nicht lesbar ({error})") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SetError(f"{file}: keine Liste von Fragen oder Dialogen")
    return items


def _judge(url: str, item: dict[str, Any], file: Path) -> Iterable[Judged]:
    if "zuege" in item:
        conversation = Conversation(url)
        for turn in item["zuege"]:
            result = judge_turn(turn, conversation.ask(turn["nutzer"]), item["name"])
            if result:
                yield result
    elif item.get("typ") in ("spezifisch", "ueberblick"):
        yield judge_question(item, Conversation(url).ask(item["frage"]))
    elif item.get("typ") in ("fern", "kommunal", "nah", "meta"):
        yield judge_other(item, Conversation(url).ask(item["frage"]))
    else:
        raise SetError(f"{file}: unbekannter „typ“ {item.get('typ')!r}")


def table(now: Figures, before: Figures | None = None) -> str:
    """Return the figures as one table, with the goals and the change since the last saved run."""
    lines = [f"{'figure':<20} {'value':>7} {'of':>5}  {'goal':>7}  {'change':>7}"]
    for name, (count, of) in now.items():
        target = TARGETS.get(name, 0.0)
        goal = f"≤ {-target:.2f}" if target < 0 else f"≥ {target:.2f}"
        change = ""
        if before and name in before:
            change = f"{count / of - before[name][0] / before[name][1]:+.3f}"
        mark = " " if reached(name, count, of) else "✗"
        lines.append(f"{name:<20} {count / of:7.3f} {of:5d}  {goal:>7} {mark} {change:>6}")
    return "\n".join(lines)


def by_trait(judged: Iterable[Judged], trait: str, figure: str) -> str:
    """Return one figure for each value of a trait, as a line."""
    parts: dict[str, list[bool]] = defaultdict(list)
    for item in judged:
        if item.traits.get(trait) and figure in item.counts:
            parts[item.traits[trait]].append(item.counts[figure])
    values = (
        f"{name} {sum(hits) / len(hits):.2f} ({len(hits)})" for name, hits in sorted(parts.items())
    )
    return f"{figure} by {trait}: " + " · ".join(values)


def confusions(judged: Iterable[Judged], most: int = 10) -> list[str]:
    """Return the pairs of expected and shown first that occur most."""
    pairs: dict[tuple[str, str], int] = defaultdict(int)
    for item in judged:
        if item.counts.get("specific hit@1") is False:
            entries = item.outcome["entries"]
            pairs[item.expected, entries[0] if entries else item.outcome["status"]] += 1
    ranked = sorted(pairs.items(), key=lambda pair: -pair[1])[:most]
    return [f"{count} × {expected} → {shown}" for (expected, shown), count in ranked]


def misses(judged: Iterable[Judged]) -> str:
    """Return what went wrong, for reading."""
    lines = []
    for item in filter(is_miss, judged):
        got = " ".join(f"{name}={value}" for name, value in item.outcome.items() if value)
        lines.append(f"- {item.text}\n    expected: {item.expected}\n    got:      {got}")
    return "\n".join(lines)


def as_json(judged: Sequence[Judged]) -> str:
    """Return figures and items as JSON, for the comparison with a later run."""
    data = {
        "figures": figures(judged),
        "items": [
            {"text": i.text, "expected": i.expected, "counts": i.counts, "outcome": i.outcome}
            for i in judged
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def read_figures(file: Path) -> Figures | None:
    """Return the figures of a saved run, or ``None`` when there is none."""
    if not file.is_file():
        return None
    saved = json.loads(file.read_text(encoding="utf-8"))["figures"]
    return {name: (count, of) for name, (count, of) in saved.items()}
