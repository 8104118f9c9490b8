"""Turn judged items into what people read and into what a later run is compared with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bot.evaluation.calibration import Bin, calibration_error, claims, reliability
from bot.evaluation.figures import (
    TARGETS,
    Figures,
    Judged,
    by_trait,
    confusions,
    figures,
    reached,
)

TRAITS = ("group", "kind", "style", "typo", "paraphrased")
"""The traits whose figures are printed; the JSON holds all of them."""


class SavedError(ValueError):
    """A saved run can't be read."""


@dataclass(frozen=True)
class Saved:
    """What a later run is compared with."""

    made: str
    figures: Figures
    misses: dict[tuple[str, str], bool]
    """(message, what was expected) -> whether it went wrong."""


def as_data(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return figures, parts, confusions, reliability and items as plain data."""
    bins = reliability(claims(judged))
    return {
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "figures": figures(judged),
        "goals": TARGETS,
        "by": by_trait(judged),
        "confusions": [
            {"expected": expected, "shown": shown, "count": count}
            for expected, shown, count in confusions(judged)
        ],
        "reliability": {
            "expected_calibration_error": round(calibration_error(bins), 4),
            "bins": [asdict(part) for part in bins],
        },
        "items": [
            {
                "text": item.text,
                "expected": item.expected,
                "miss": item.is_miss,
                "counts": dict(item.counts),
                "traits": dict(item.traits),
                "outcome": item.outcome.to_json(),
            }
            for item in judged
        ],
    }


def write_json(data: dict[str, Any], target: Path) -> None:
    """Write plain data; the folder is made when it is missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_saved(file: Path) -> Saved | None:
    """Return the run saved in a file, or ``None`` when there is no such file.

    Raises:
        SavedError: the file holds something else.
    """
    if not file.is_file():
        return None
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Saved(
            str(data["made"]),
            {name: (count, of) for name, (count, of) in data["figures"].items()},
            {(item["text"], item["expected"]): bool(item["miss"]) for item in data["items"]},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SavedError(
            f"{file} ist kein gespeicherter Lauf ({error!r}). Abhilfe: die Datei löschen."
        ) from error


def table(now: Figures, before: Figures | None = None) -> str:
    """Return the figures as one table, with the goals and the change since the last saved run."""
    lines = [f"{'figure':<20} {'value':>7} {'of':>5}  {'goal':>7}  {'change':>7}"]
    for name, (count, of) in now.items():
        met = reached(name, count, of)
        target = TARGETS.get(name, 0.0)
        goal = "" if met is None else f"{'≤' if target < 0 else '≥'} {abs(target):.2f}"
        change = ""
        if before and before.get(name, (0, 0))[1]:
            change = f"{count / of - before[name][0] / before[name][1]:+.3f}"
        mark = "✗" if met is False else " "
        lines.append(f"{name:<20} {count / of:7.3f} {of:5d}  {goal:>7} {mark} {change:>6}".rstrip())
    return "\n".join(lines)


def line(sums: Figures) -> str:
    """Return the figures in one line."""
    return " · ".join(f"{name} {count / of:.2f} ({of})" for name, (count, of) in sums.items())


def parts(judged: Iterable[Judged], traits: Iterable[str] = TRAITS) -> str:
    """Return the contract's figures for each value of the traits, one line a value."""
    found = by_trait(judged)
    width = max((len(v) for t in traits for v in found.get(t, {})), default=0) + 2
    lines = []
    for trait in traits:
        if trait in found:
            lines.append(f"by {trait}")
        for value, sums in found.get(trait, {}).items():
            lines.append(f"  {value:<{width}}{line(sums)}")
    return "\n".join(lines)


def confused(judged: Iterable[Judged], most: int = 10) -> str:
    """Return the pairs of expected and shown first that occur most, one line a pair."""
    ranked = confusions(judged)[:most]
    lines = [f"  {count} × {expected} → {shown}" for expected, shown, count in ranked]
    return "\n".join(["confused most (expected → shown first)", *(lines or ["  nothing"])])


def reliability_table(bins: Sequence[Bin]) -> str:
    """Return confidence against the share that is right, and the calibration error."""
    total = sum(part.count for part in bins)
    lines = [f"expected calibration error {calibration_error(bins):.3f} ({total} answers)"]
    lines += [
        f"  {part.low:.1f}–{part.high:.1f}  said {part.confidence:.2f}  "
        f"right {part.right:.2f}  ({part.count})"
        for part in bins
    ]
    return "\n".join(lines)


def changes(judged: Iterable[Judged], before: Saved) -> str:
    """Return which messages of both runs went wrong in only one of them."""
    shared = [item for item in judged if (item.text, item.expected) in before.misses]
    mended, broken = [], []
    for item in shared:
        was_miss = before.misses[item.text, item.expected]
        if was_miss and not item.is_miss:
            mended.append(item)
        elif item.is_miss and not was_miss:
            broken.append(item)
    lines = [
        f"since the run of {before.made}: {len(shared)} messages in both, "
        f"{len(mended)} mended, {len(broken)} broken"
    ]
    lines += [f"  mended  {item.text}" for item in mended]
    lines += [f"  broken  {item.text}" for item in broken]
    return "\n".join(lines)


def misses(judged: Iterable[Judged]) -> str:
    """Return what went wrong, for reading."""
    lines = ["misses"]
    for item in judged:
        if item.is_miss:
            got = " ".join(f"{k}={v}" for k, v in item.outcome.to_json().items() if v)
            lines.append(f"- {item.text}\n    expected: {item.expected}\n    got:      {got}")
    return "\n".join(lines)
