"""The commands ``evaluate``, ``robustness`` and ``crossvalidate``: measure, print and save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.evaluation import report
from bot.evaluation.calibration import claims, reliability
from bot.evaluation.client import WORKERS, Start, conversations, in_order
from bot.evaluation.figures import Judged, figures
from bot.evaluation.sets import read_sets
from bot.knowledge import Knowledge
from bot.settings import PROJECT, Settings

RESULTS = PROJECT / "results"
OWN_SETS = PROJECT / "tests" / "evaluation"
CROSSVALIDATION = "crossvalidation.json"


def judge_sets(start: Start, files: Sequence[Path], workers: int = WORKERS) -> list[Judged]:
    """Send every message of the sets as a new conversation (dialogues: one each).

    Returns:
        What can be judged, in the order of the files.

    Raises:
        SetError: a file is not a question set; nothing has been sent then.
        AssistantError: the assistant does not answer.
    """
    items = read_sets(files)
    outcomes = in_order(lambda item: item.generate(start), items, workers)
    return [judged for item, got in zip(items, outcomes) for judged in item.evaluate(got)]


def evaluate(
    url: str,
    files: Sequence[Path],
    target: Path | None = None,
    *,
    with_misses: bool = False,
    workers: int = WORKERS,
) -> None:
    """Measure, print the report, and save it with its picture.

    Args:
        url: the address of the assistant.
        files: question sets; none means the project's own.
        target: the JSON file to compare with and to write; by default below ``results/``, one
            for each choice of files.
        with_misses: list what went wrong.
        workers: conversations at a time.

    Raises:
        SetError: a file is not a question set.
        SavedError: the run to compare with can't be read.
        AssistantError: the assistant does not answer.
    """
    from bot.evaluation.plots import plot_reliability  # matplotlib takes a second to import

    target = target or RESULTS / f"{_name(files)}.json"
    before = report.read_saved(target)
    judged = judge_sets(conversations(url), _or_own(files), workers)
    bins = reliability(claims(judged))
    print(report.table(figures(judged), before.figures if before else None))
    print(report.parts(judged))
    print(report.confused(judged))
    print(report.reliability_table(bins))
    if with_misses:
        print(report.misses(judged))
    if before:
        print(report.changes(judged, before))
    print(_crossvalidation())
    picture = target.with_name(f"{target.stem}-reliability.png")
    plot_reliability(bins, picture)
    report.write_json(report.as_data(judged), target)
    print(f"written: {target}, {picture.name}")


def robustness(
    url: str, files: Sequence[Path], knowledge: Knowledge, *, with_misses: bool = False
) -> None:
    """Ask questions in several ways of writing them, print and save how stable the answers are.

    Raises:
        SetError: a file is not a question set.
        AssistantError: the assistant does not answer.
    """
    from bot.evaluation import robustness as task

    groups = task.messages(_or_own(files), knowledge)
    tried = task.generate(conversations(url), groups)
    print(task.table(task.evaluate(tried)))
    if with_misses:
        print(task.differences(tried))
    target = RESULTS / "robustness.json"
    report.write_json(task.as_data(tried), target)
    print(f"written: {target}")


def crossvalidate(
    settings: Settings, folds: int, *, with_curve: bool = True, with_misses: bool = False
) -> None:
    """Train and test with different writers, print and save figures and learning curve.

    Raises:
        ValueError: the number of folds does not fit the number of writers.
    """
    from bot.evaluation import crossvalidate as task
    from bot.evaluation.plots import plot_learning_curve, plot_reliability

    points = task.crossvalidate(settings, folds, task.SIZES if with_curve else ())
    before = report.read_saved(RESULTS / CROSSVALIDATION)
    judged = points[-1].judged
    bins = reliability(claims(judged))
    print(report.table(figures(judged), before.figures if before else None))
    print(report.parts(judged, ("group", "kind", "style")))
    print(report.confused(judged, 20))
    print(report.reliability_table(bins))
    if with_misses:
        print(report.misses(judged))
    plot_reliability(bins, RESULTS / "crossvalidation-reliability.png")
    data = {**report.as_data(judged), "folds": folds, "learning_curve": task.curves(points)}
    if with_curve:
        print(task.curve_table(points))
        counted = "sample questions for each entry"
        plot_learning_curve(task.curves(points), RESULTS / "learning-curve.png", counted)
    report.write_json(data, RESULTS / CROSSVALIDATION)
    print(f"written: {RESULTS / CROSSVALIDATION} and its pictures")


def _crossvalidation() -> str:
    """Return the last cross-validation in a line: training takes too long to do it every time."""
    saved = report.read_saved(RESULTS / CROSSVALIDATION)
    if saved is None:
        return "cross-validation by writer: none yet („make crossvalidate“)"
    return f"cross-validation by writer, {saved.made}: {report.line(saved.figures)}"


def _or_own(files: Sequence[Path]) -> Sequence[Path]:
    return files or sorted(OWN_SETS.glob("*.yml"))


def _name(files: Sequence[Path]) -> str:
    """Return the name of a report; one about other files never stands in for the usual one."""
    return "-".join(["evaluation", *(file.stem for file in files)])
