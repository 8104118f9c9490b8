from __future__ import annotations

import pytest

from bot.evaluation.folds import Example, limited, split

QUESTIONS = [
    Example(f"{voice} fragt {number} nach {entry}", voice, "anliegen", entry)
    for voice in ("amt", "dorf", "eilig", "frust", "handy")
    for entry in ("politik-empfehlung-1", "grundlagen-1")
    for number in range(3)
]
OTHERS = [
    Example(f"{voice} {number}", voice, "ausserhalb", "nah")
    for voice in ("alltag", "amt")
    for number in range(4)
]
OWN = [Example("Frage am Eintrag", "", "anliegen", "grundlagen-1")]
ALL = [*QUESTIONS, *OTHERS, *OWN]


@pytest.mark.parametrize("fold", range(4))
def test_no_writer_is_in_both_halves(fold: int) -> None:
    train, test = split(ALL, fold, 4)
    for is_question in (True, False):
        writers = [
            {e.voice for e in half if (e.intent == "anliegen") is is_question and e.voice}
            for half in (train, test)
        ]
        assert all(writers)
        assert not writers[0] & writers[1]


def test_every_question_is_tested_exactly_once() -> None:
    tested = [e for fold in range(4) for e in split(ALL, fold, 4)[1] if e.intent == "anliegen"]
    assert sorted(e.text for e in tested) == sorted(e.text for e in QUESTIONS)


def test_both_writers_of_other_intents_are_tested_equally_often() -> None:
    tested = [e.voice for fold in range(4) for e in split(ALL, fold, 4)[1] if e in OTHERS]
    assert tested.count("amt") == tested.count("alltag") == 8


def test_examples_without_a_writer_are_in_every_training() -> None:
    for fold in range(4):
        assert OWN[0] in split(ALL, fold, 4)[0]


@pytest.mark.parametrize("folds", [1, 6])
def test_the_number_of_folds_must_fit_the_writers(folds: int) -> None:
    with pytest.raises(ValueError, match="5 Stimmen"):
        split(ALL, 0, folds)


def test_a_limit_is_for_each_entry_and_for_sample_questions_only() -> None:
    chosen = limited(ALL, 4)
    for entry in ("politik-empfehlung-1", "grundlagen-1"):
        assert sum(e.detail == entry for e in chosen) == 4
    assert sum(e.intent == "ausserhalb" for e in chosen) == len(OTHERS)


def test_a_smaller_limit_takes_some_of_the_same_and_none_takes_all() -> None:
    assert {e.text for e in limited(ALL, 4)} < {e.text for e in limited(ALL, 8)}
    assert limited(ALL, None) == ALL
