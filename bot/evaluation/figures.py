"""Judge each item of a question set, and sum the judgements up to the figures of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Outcome = Mapping[str, Any]
OUT_OF_SCOPE = ("fern", "kommunal", "nah")
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


@dataclass(frozen=True)
class Judged:
    """One message, what came back, and which figures it counts for."""

    text: str
    outcome: Outcome
    counts: Mapping[str, bool]
    """Figure -> whether this item is a hit (for „wrongly refused“ and the like: a fault)."""
    expected: str = ""
    traits: Mapping[str, str] = field(default_factory=dict)
    """Group, kind, style … for figures by part."""


def judge_question(item: Mapping[str, Any], outcome: Outcome) -> Judged:
    """Judge an in-scope question (``spezifisch`` or ``ueberblick``)."""
    entries, best = outcome["entries"], set(item["beste"])
    counts = {"wrongly refused": outcome["status"] == "no_answer"}
    if item["typ"] == "spezifisch":
        first = outcome["status"] == "answer" and bool(entries) and entries[0] in best
        counts["specific hit@1"] = first
        counts["specific hit@3"] = bool(best.intersection(entries[:3]))
        expected = " | ".join(item["beste"])
    else:
        counts["overview"] = (
            outcome["status"] in ("overview", "answer")
            and outcome["group"] == item["gruppe"]
            and outcome["kind"] == item["art"]
        )
        expected = f"{item['gruppe']} / {item['art']}"
    traits = {
        "group": item.get("gruppe") or "",
        "kind": item.get("art") or "",
        "style": item.get("stil") or "",
        "paraphrased": "yes" if item.get("umschrieben") else "no",
        "typo": "yes" if item.get("tippfehler") else "no",
    }
    return Judged(item["frage"], outcome, counts, expected, traits)


def judge_other(item: Mapping[str, Any], outcome: Outcome) -> Judged:
    """Judge an out-of-scope or meta message."""
    kind = item["typ"]
    traits = {"typo": "yes" if item.get("tippfehler") else "no"}
    if kind == "meta":
        hit = outcome["status"] == "dialog" and outcome["topic"] == item["erwartet"]
        return Judged(item["frage"], outcome, {"meta": hit}, item["erwartet"], traits)
    counts = {
        f"rejected {kind}": outcome["status"] == "no_answer",
        "confidently wrong": outcome["status"] in ("answer", "overview"),
    }
    return Judged(item["frage"], outcome, counts, "no_answer", traits)


def judge_turn(turn: Mapping[str, Any], outcome: Outcome, where: str) -> Judged | None:
    """Judge a turn of a dialogue; ``None`` when there is nothing to check."""
    best = set(turn.get("beste") or ())
    if turn.get("ablehnen"):
        hit, expected = outcome["status"] == "no_answer", "no_answer"
    elif turn.get("gruppe") or turn.get("art") or best:
        hit = (
            turn.get("gruppe") in (None, outcome["group"])
            and turn.get("art") in (None, outcome["kind"])
            and (not best or bool(best.intersection(outcome["entries"][:3])))
        )
        expected = f"{turn.get('gruppe')} / {turn.get('art')} / {' | '.join(sorted(best))}"
    else:
        return None
    return Judged(turn["nutzer"], outcome, {"dialogue turn": hit}, expected, {"dialogue": where})


def figures(judged: Iterable[Judged]) -> dict[str, tuple[int, int]]:
    """Return figure -> (count, of how many), in the order of the contract."""
    sums: dict[str, list[int]] = {name: [0, 0] for name in TARGETS}
    for item in judged:
        for name, hit in item.counts.items():
            total = sums.setdefault(name, [0, 0])
            total[0] += hit
            total[1] += 1
    return {name: (count, of) for name, (count, of) in sums.items() if of}


def is_miss(item: Judged) -> bool:
    """Whether anything about an item went wrong."""
    faults = ("wrongly refused", "confidently wrong")
    return any(hit == (name in faults) for name, hit in item.counts.items())


def reached(name: str, count: int, of: int) -> bool:
    """Whether a figure reaches its goal."""
    target = TARGETS.get(name, 0.0)
    return count / of <= -target if target < 0 else count / of >= target
