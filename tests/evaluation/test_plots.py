from __future__ import annotations

from pathlib import Path

from bot.evaluation.calibration import reliability
from bot.evaluation.plots import plot_learning_curve, plot_reliability

PNG = b"\x89PNG\r\n\x1a\n"


def test_reliability_is_drawn_also_when_nothing_was_answered(tmp_path: Path) -> None:
    for name, pairs in {"voll": [(0.3, False), (0.9, True)], "leer": []}.items():
        plot_reliability(reliability(pairs), tmp_path / "neu" / f"{name}.png")
        assert (tmp_path / "neu" / f"{name}.png").read_bytes().startswith(PNG)


def test_a_learning_curve_is_drawn(tmp_path: Path) -> None:
    lines = {"specific hit@1": [(8.0, 0.6), (16.0, 0.7), (92.3, 0.8)]}
    plot_learning_curve(lines, tmp_path / "kurve.png", "sample questions")
    assert (tmp_path / "kurve.png").read_bytes().startswith(PNG)
