"""Cross-validation trains the real components, on a handful of examples here."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.evaluation import crossvalidate
from bot.evaluation.figures import figures
from bot.evaluation.folds import Example
from bot.knowledge import Knowledge
from bot.nlu.importer import ENTRY

QUESTIONS = {
    "politik-empfehlung-1": "Wie spreche ich den Rat an",
    "wirtschaft-empfehlung-4": "Was biete ich den Betrieben",
}
OTHERS = {("ausserhalb", "fern"): "Wie wird das Wetter", ("dank", ""): "Vielen Dank"}
WRITERS = ("amt", "dorf")


def examples() -> list[Example]:
    found = []
    for writer in WRITERS:
        for number in range(6):
            for entry, text in QUESTIONS.items():
                asked = f"{text}, fragt {writer} zum {number}. Mal? Und was mache ich dann damit?"
                message = Message.build(asked, "anliegen", example_metadata={ENTRY: entry})
                found.append(Example(asked, writer, "anliegen", entry, message))
            for (intent, theme), text in OTHERS.items():
                said = f"{text}, sagt {writer} zum {number}. Mal"
                about = {"thema": theme, "stimme": writer} if theme else {"stimme": writer}
                message = Message.build(said, intent, intent_metadata=about)
                found.append(Example(said, writer, intent, theme, message))
    return found


@pytest.fixture(scope="module")
def points(knowledge: Knowledge) -> list[crossvalidate.Point]:
    return crossvalidate.learning_curve(examples(), {"Rat": "politik"}, knowledge, 2, [2])


def test_every_example_is_tested_once_at_each_size(points: list[crossvalidate.Point]) -> None:
    for point in points:
        assert sorted(item.text for item in point.judged) == sorted(e.text for e in examples())


def test_the_curve_ends_with_all_questions(points: list[crossvalidate.Point]) -> None:
    entries_asked_about, all_entries = len(QUESTIONS), 54
    sizes = [point.size * all_entries / entries_asked_about for point in points]
    assert sizes == pytest.approx([2, 6])


def test_what_differs_only_in_its_writer_is_understood(points: list[crossvalidate.Point]) -> None:
    sums = figures(points[-1].judged)
    assert sums["specific hit@3"] == (24, 24)
    assert sums["rejected fern"] == (12, 12)
    assert sums["intent"] == (12, 12)
    assert crossvalidate.curves(points)["specific hit@3"][-1][1] == 1.0


def test_the_table_has_a_line_for_each_size(points: list[crossvalidate.Point]) -> None:
    lines = crossvalidate.curve_table(points).splitlines()
    assert [float(line.split()[0]) for line in lines[-len(points) :]] == [
        round(point.size, 1) for point in points
    ]
    assert "has seen all writers" in lines[1]
