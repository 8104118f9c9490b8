from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.answer import Outcome
from bot.evaluation import report
from bot.evaluation.figures import Judged

RIGHT = Outcome("answer", entries=("grundlagen-1",), confidence=0.9)
REFUSED = Outcome("no_answer", confidence=0.7)


def judged(text: str, *, hit: bool, outcome: Outcome = RIGHT, style: str = "chat") -> Judged:
    counts = {"specific hit@1": hit, "wrongly refused": False}
    return Judged(text, outcome, counts, "grundlagen-1", {"style": style}, hit)


def test_the_table_shows_value_number_goal_and_what_falls_short() -> None:
    lines = report.table({"specific hit@1": (80, 100), "wrongly refused": (1, 50)}).splitlines()
    assert lines[1].split() == ["specific", "hit@1", "0.800", "100", "≥", "0.90", "✗"]
    assert lines[2].split() == ["wrongly", "refused", "0.020", "50", "≤", "0.03"]


def test_the_table_shows_the_change_where_there_was_a_figure_before() -> None:
    now = {"specific hit@1": (95, 100), "overview": (10, 10)}
    lines = report.table(now, {"specific hit@1": (9, 10)}).splitlines()
    assert lines[1].endswith("+0.050")
    assert lines[2].split()[-1] == "0.97"


def test_a_figure_without_a_goal_is_shown_without_one() -> None:
    assert report.table({"intent": (1, 2)}).splitlines()[1].split() == ["intent", "0.500", "2"]


def test_parts_give_each_value_of_a_trait_a_line() -> None:
    text = report.parts([judged("a", hit=True), judged("b", hit=False, style="amt")], ["style"])
    assert text.splitlines() == [
        "by style",
        "  amt   specific hit@1 0.00 (1) · wrongly refused 0.00 (1)",
        "  chat  specific hit@1 1.00 (1) · wrongly refused 0.00 (1)",
    ]


def test_misses_are_listed_with_what_was_expected_and_what_came() -> None:
    text = report.misses([judged("gut", hit=True), judged("schlecht", hit=False, outcome=REFUSED)])
    assert "gut" not in text
    assert "- schlecht\n    expected: grundlagen-1\n    got:      status=no_answer" in text


def test_a_saved_run_is_read_again_and_tells_what_changed(tmp_path: Path) -> None:
    file = tmp_path / "neu" / "lauf.json"
    first = [judged("a", hit=True), judged("b", hit=False), judged("c", hit=False)]
    report.write_json(report.as_data(first), file)
    saved = report.read_saved(file)
    assert saved is not None
    assert saved.figures["specific hit@1"] == (1, 3)
    later = [judged("a", hit=False), judged("b", hit=True), judged("neu", hit=False)]
    lines = report.changes(later, saved).splitlines()
    assert lines[0].endswith("2 messages in both, 1 mended, 1 broken")
    assert [line.split() for line in lines[1:]] == [["mended", "b"], ["broken", "a"]]


def test_everything_stands_in_the_json() -> None:
    data = json.loads(json.dumps(report.as_data([judged("a", hit=False)])))
    assert data["by"]["style"]["chat"]["specific hit@1"] == [0, 1]
    assert data["confusions"] == [{"expected": "grundlagen-1", "shown": "grundlagen-1", "count": 1}]
    assert data["reliability"]["expected_calibration_error"] == 0.9
    assert data["reliability"]["bins"][0]["count"] == 1
    assert data["items"][0]["outcome"]["entries"] == ["grundlagen-1"]


def test_without_a_saved_run_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    assert report.read_saved(tmp_path / "keiner.json") is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"figures": 1}'])
def test_a_file_that_is_no_saved_run_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lauf.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(report.SavedError, match=r"lauf\.json"):
        report.read_saved(file)
