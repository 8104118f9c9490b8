from __future__ import annotations

import pytest

from bot.answer import Outcome
from bot.evaluation.calibration import calibration_error, claims, reliability
from bot.evaluation.tasks import Other, Question


def test_confidences_go_into_the_bin_that_they_close() -> None:
    bins = reliability([(0.0, False), (0.1, False), (0.7, True), (0.701, True), (1.0, True)])
    assert [(part.low, part.high, part.count) for part in bins] == [
        (0.0, 0.1, 2),
        (0.6, 0.7, 1),
        (0.7, 0.8, 1),
        (0.9, 1.0, 1),
    ]


def test_a_bin_holds_mean_confidence_and_share_that_is_right() -> None:
    (part,) = reliability([(0.62, True), (0.66, False)])
    assert part.confidence == pytest.approx(0.64)
    assert part.right == 0.5


def test_the_calibration_error_is_weighted_by_the_number_of_answers() -> None:
    # three answers at 0.95, all right (off by 0.05); one at 0.55, wrong (off by 0.55)
    bins = reliability([(0.95, True)] * 3 + [(0.55, False)])
    assert calibration_error(bins) == pytest.approx((3 * 0.05 + 0.55) / 4)


def test_perfect_calibration_has_no_error() -> None:
    assert calibration_error(reliability([(0.75, True)] * 3 + [(0.75, False)])) == 0.0


def test_nothing_answered_means_no_error() -> None:
    assert calibration_error(reliability([])) == 0.0


def test_only_entries_shown_with_a_confidence_are_claims() -> None:
    question = Question(typ="spezifisch", frage="Wozu?", beste=("grundlagen-1",))
    other = Other(typ="nah", frage="Muss ich das versteuern?")
    shown = Outcome("answer", entries=("grundlagen-1",), confidence=0.8)
    offered = Outcome("clarify", entries=("grundlagen-2", "grundlagen-1"), confidence=0.2)
    judged = [
        *question.evaluate([shown]),
        *question.evaluate([offered]),
        *question.evaluate([Outcome("no_answer", confidence=0.9)]),
        *question.evaluate([Outcome("overview", entries=("grundlagen-1",))]),
        *question.evaluate([Outcome("clarify")]),
        *other.evaluate([shown]),
        *other.evaluate([Outcome("no_answer", confidence=0.9)]),
    ]
    assert claims(judged) == [(0.8, True), (0.2, False), (0.8, False)]
