"""The figures of the answer contract: what is counted, the goals, and the sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.answer import Outcome

Figures = dict[str, tuple[int, int]]
"""Figure -> (count, of how many)."""

TARGETS = {
    "specific hit@1": 0.90,
    "specific hit@3": 0.97,
    "overview": 0.97,
    "wrongly refused": -0.03,
    "rejected fern": 0.98,
    "rejected kommunal": 0.98,
    "rejected nah": 0.92,
    "confidently wrong": -0.04,
    "meta": 0.96,
    "dialogue turn": 0.88,
}
"""The goal for each figure; a negative one is an upper bound."""
FAULTS = frozenset(name for name, goal in TARGETS.items() if goal < 0)
"""The figures that count what went wrong."""


@dataclass(frozen=True)
class Judged:
    """One message, what came back, and which figures it counts for."""

    text: str
    outcome: Outcome
    counts: Mapping[str, bool]
    """Figure -> whether this item counts for it: a hit, or a fault for those in FAULTS."""
    expected: str = ""
    traits: Mapping[str, str] = field(default_factory=dict)
    """Group, kind, style … for figures by part."""
    right: bool | None = None
    """Whether the entry shown first is right; ``None`` when none was shown with a confidence."""

    @property
    def is_miss(self) -> bool:
        """Whether anything about the item went wrong."""
        return any(counted == (name in FAULTS) for name, counted in self.counts.items())


def figures(judged: Iterable[Judged]) -> Figures:
    """Sum up; the figures of the contract come first and in its order."""
    sums: dict[str, list[int]] = {name: [0, 0] for name in TARGETS}
    for item in judged:
        for name, counted in item.counts.items():
            total = sums.setdefault(name, [0, 0])
            total[0] += counted
            total[1] += 1
    return {name: (count, of) for name, (count, of) in sums.items() if of}


def by_trait(judged: Iterable[Judged]) -> dict[str, dict[str, Figures]]:
    """Return trait -> value -> figures of the items that have this value."""
    parts: dict[str, dict[str, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for item in judged:
        for trait, value in item.traits.items():
            if value:
                parts[trait][value].append(item)
    return {
        trait: {value: figures(items) for value, items in sorted(values.items())}
        for trait, values in parts.items()
    }


def confusions(judged: Iterable[Judged]) -> list[tuple[str, str, int]]:
    """Return ``(expected, shown first, how often)`` of missed specific questions, most first."""
    pairs: dict[tuple[str, str], int] = defaultdict(int)
    for item in judged:
        if item.counts.get("specific hit@1") is False:
            pairs[item.expected, _shown(item.outcome)] += 1
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(expected, shown, count) for (expected, shown), count in ranked]


def _shown(outcome: Outcome) -> str:
    first = outcome.entries[0] if outcome.entries else ""
    return first if outcome.status == "answer" else f"{outcome.status} {first}".strip()


def reached(name: str, count: int, of: int) -> bool | None:
    """Say whether a figure reaches its goal; ``None`` when it has none."""
    if name not in TARGETS:
        return None
    target = TARGETS[name]
    return count / of <= -target if target < 0 else count / of >= target
