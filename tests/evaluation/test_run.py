from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.answer import Outcome
from bot.evaluation import run
from bot.evaluation.client import Ask, Start
from bot.evaluation.sets import SetError

SET = """
- frage: Wozu das alles?
  typ: spezifisch
  beste: [grundlagen-1]
  stil: chat
- frage: Wetter morgen?
  typ: fern
- name: wechsel
  zuege:
  - nutzer: und die Politik
    gruppe: politik
"""
ANSWERS = {
    "Wozu das alles?": Outcome("answer", entries=("grundlagen-1",), confidence=0.8),
    "Wetter morgen?": Outcome("no_answer"),
    "und die Politik": Outcome("overview", group="politik"),
}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "eigene.yml"
    file.write_text(SET, encoding="utf-8")
    return file


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Outcome]:
    """An assistant that says what stands in the returned answers; results go to ``tmp_path``."""
    answers = dict(ANSWERS)
    start: Callable[[str], Start] = lambda url: lambda: answers.__getitem__  # noqa: E731
    monkeypatch.setattr(run, "conversations", start)
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results")
    return answers


def test_sets_are_judged_in_the_order_of_their_items(questions: Path) -> None:
    judged = run.judge_sets(lambda: ANSWERS.__getitem__, [questions, questions])
    assert [item.text for item in judged] == [*ANSWERS, *ANSWERS]
    assert not any(item.is_miss for item in judged)


def test_nothing_is_sent_when_a_file_is_malformed(questions: Path, tmp_path: Path) -> None:
    def start() -> Ask:
        raise AssertionError("a message was sent")

    (tmp_path / "falsch.yml").write_text("- typ: was", encoding="utf-8")
    with pytest.raises(SetError, match="falsch"):
        run.judge_sets(start, [questions, tmp_path / "falsch.yml"])


def test_a_run_prints_its_figures_and_saves_them_with_the_picture(
    questions: Path,
    assistant: dict[str, Outcome],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run.evaluate("http://lotse", [questions])
    printed = capsys.readouterr().out
    assert "specific hit@1         1.000     1" in printed
    assert "expected calibration error 0.200 (1 answers)" in printed
    assert "since the run" not in printed
    saved = json.loads((tmp_path / "results" / "evaluation-eigene.json").read_text("utf-8"))
    assert saved["figures"]["rejected fern"] == [1, 1]
    assert (tmp_path / "results" / "evaluation-eigene-reliability.png").is_file()


def test_a_second_run_says_what_changed_and_lists_the_misses(
    questions: Path, assistant: dict[str, Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    run.evaluate("http://lotse", [questions])
    assistant["Wozu das alles?"] = Outcome("no_answer")
    capsys.readouterr()
    run.evaluate("http://lotse", [questions], with_misses=True)
    printed = capsys.readouterr().out
    assert "-1.000" in printed
    assert "0 mended, 1 broken" in printed
    assert "- Wozu das alles?\n    expected: grundlagen-1" in printed


def test_the_last_cross_validation_is_named(
    questions: Path,
    assistant: dict[str, Outcome],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run.evaluate("http://lotse", [questions])
    assert "cross-validation by writer: none yet" in capsys.readouterr().out
    saved = {"made": "gestern", "figures": {"specific hit@1": [3, 4]}, "items": []}
    (tmp_path / "results" / "crossvalidation.json").write_text(json.dumps(saved), "utf-8")
    run.evaluate("http://lotse", [questions])
    printed = capsys.readouterr().out
    assert "cross-validation by writer, gestern: specific hit@1 0.75 (4)" in printed


def test_the_result_can_be_written_elsewhere(
    questions: Path, assistant: dict[str, Outcome], tmp_path: Path
) -> None:
    run.evaluate("http://lotse", [questions], tmp_path / "lauf.json")
    assert (tmp_path / "lauf.json").is_file()
    assert (tmp_path / "lauf-reliability.png").is_file()
    assert not (tmp_path / "results").exists()
