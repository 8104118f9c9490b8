"""The pictures: reliability and learning curve, as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bot.evaluation.calibration import Bin, calibration_error

_BLUE, _GREY = "#1f5f8b", "#888888"


def plot_reliability(bins: Sequence[Bin], target: Path) -> None:
    """Draw confidence against the share that is right; on the diagonal they agree."""
    figure = Figure(figsize=(5, 5), constrained_layout=True)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", label="perfectly calibrated")
    axes.plot(
        [part.confidence for part in bins],
        [part.right for part in bins],
        color=_BLUE,
        marker="o",
        label="measured (with number of answers)",
    )
    for part in bins:
        axes.annotate(
            str(part.count), (part.confidence, part.right), (6, -10), textcoords="offset points"
        )
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1.03),
        xlabel="mean confidence of the answers in a bin",
        ylabel="share of them that is right",
        title=f"Reliability: expected calibration error {calibration_error(bins):.3f}",
    )
    axes.legend(loc="upper left")
    _save(figure, target)


def plot_learning_curve(
    curves: Mapping[str, Sequence[tuple[float, float]]], target: Path, counted: str
) -> None:
    """Draw shares against the number of examples, on a logarithmic scale.

    Args:
        curves: figure -> points ``(examples, share)``.
        target: the PNG file.
        counted: what the examples are, for the axis.
    """
    figure = Figure(figsize=(6.5, 4.5), constrained_layout=True)
    axes = figure.add_subplot()
    for (name, points), marker in zip(curves.items(), "osv^Dx*"):
        axes.plot(*zip(*points), marker=marker, label=name)
    sizes = sorted({size for points in curves.values() for size, _ in points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(ylim=(0, 1.03), xlabel=counted, ylabel="share", title="Learning curve, unseen writers")
    axes.grid(alpha=0.3)
    axes.legend(loc="center right")
    _save(figure, target)


def _save(figure: Figure, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=150)
