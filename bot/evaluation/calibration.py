"""Reliability: is an answer given with a confidence of 0.8 right eight times in ten?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.evaluation.figures import Judged


@dataclass(frozen=True)
class Bin:
    """The answers whose confidence lies in ``(low, high]`` (the first bin includes 0)."""

    low: float
    high: float
    count: int
    confidence: float
    """Mean confidence."""
    right: float
    """Share that is right."""


def claims(judged: Iterable[Judged]) -> list[tuple[float, bool]]:
    """Return ``(confidence, right)`` of all items that showed an entry with a confidence."""
    return [(item.outcome.confidence, item.right) for item in judged if item.right is not None]


def reliability(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> list[Bin]:
    """Sort ``(confidence, right)`` into bins of equal width; empty bins are left out."""
    sorted_in: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in pairs:
        # rounded, for 0.7 * 10 is a little more than 7 in floating point
        number = max(0, -int(-round(confidence * bins, 9) // 1) - 1)
        sorted_in.setdefault(min(number, bins - 1), []).append((confidence, right))
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(inside),
            sum(confidence for confidence, _ in inside) / len(inside),
            sum(right for _, right in inside) / len(inside),
        )
        for number, inside in sorted(sorted_in.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error, 0 to 1 (Naeini, Cooper and Hauskrecht 2015).

    It is the mean distance between confidence and share of right answers, weighted by the number
    of answers in each bin; 0.0 when there are none.
    """
    total = sum(part.count for part in bins)
    if not total:
        return 0.0
    return sum(part.count * abs(part.confidence - part.right) for part in bins) / total
