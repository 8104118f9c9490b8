"""The figures of ``make bench`` as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

TURNS = (5, 50, 200)
AT_ONCE = (1, 8, 32)
COLOURS = {"Lotse": "#1b6e53", "Rasa": "#b0562a"}


@dataclass(frozen=True)
class Row:
    """One line of the table: both figures and, where there is a goal, whether it is reached."""

    name: str
    ours: float
    stock: float
    unit: str
    goal: str = ""
    reached: bool | None = None

    def line(self) -> str:
        """Return the line in Markdown."""
        verdict = "" if self.reached is None else "ja" if self.reached else "**nein**"
        ratio = self.ours / self.stock
        values = " | ".join(f"{value:.{_digits(value)}f} {self.unit}".replace(".", ",")
                            for value in (self.ours, self.stock))  # fmt: skip
        return f"| {self.name} | {values} | {ratio:.2f} | {self.goal} | {verdict} |".replace(
            f"{ratio:.2f}", f"{ratio:.2f}".replace(".", ",")
        )


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1


def rows(result: Mapping[str, Any]) -> list[Row]:
    """Return all lines; the first named assistant is ours."""
    ours, other = result["latency"]["Lotse"], result["latency"]["Rasa"]
    goals = {5: 0.4, 200: 0.1}
    lines = []
    for turn in TURNS:
        mine, theirs = ours[turn]["p50"], other[turn]["p50"]
        goal = goals.get(turn)
        lines.append(
            Row(f"Antwort in Zug {turn}, p50", 1000 * mine, 1000 * theirs, "ms",
                f"≤ {goal} ×".replace(".", ",") if goal else "",
                mine <= goal * theirs if goal else None)
        )  # fmt: skip
        lines.append(
            Row(f"Antwort in Zug {turn}, p95", 1000 * ours[turn]["p95"],
                1000 * other[turn]["p95"], "ms")
        )  # fmt: skip
    for count in AT_ONCE:
        mine, theirs = result["throughput"]["Lotse"][count], result["throughput"]["Rasa"][count]
        name = f"Durchsatz, {count} Gespräch{'e' if count > 1 else ''}"
        lines.append(Row(name, mine, theirs, "/s", "≥ 4 ×", mine >= 4 * theirs))
    start, memory, training = result["start"], result["memory"], result["training"]
    lines.append(Row("Start bis zur ersten Antwort", start["Lotse"], start["Rasa"], "s", "≤ 0,5 ×",
                     start["Lotse"] <= 0.5 * start["Rasa"]))  # fmt: skip
    lines.append(Row("Arbeitsspeicher", memory["Lotse"] / 2**20, memory["Rasa"] / 2**20, "MB",
                     "≤ 0,8 ×", memory["Lotse"] <= 0.8 * memory["Rasa"]))  # fmt: skip
    lines.append(Row("Training", training["Lotse"], training["Rasa"], "s"))
    return lines


def table(result: Mapping[str, Any]) -> str:
    """Return the page with the table."""
    ours = result["latency"]["Lotse"]
    growth = ours[200]["p95"] / ours[5]["p95"]
    shares = result["entries"]
    used = f"mit {result['share']:.0%} der Beispielsätze trainiert".replace("%", " %")
    return "\n".join(
        [
            "# Vergleich mit einem Rasa-Assistenten von der Stange",
            "",
            f"Gemessen am {result['date']} mit `make bench` ({result['machine']}). „Rasa“ ist, was "
            f"`rasa init` ergibt: dessen Pipeline, Policies und Aktionsserver, {used}. "
            f"Andere Programme brauchten währenddessen {result['others']:.2f} Kerne "
            f"(Last {result['load']:.1f}). Wie gemessen wird, steht in "
            "[Entscheidung 0017](../decisions/0017-speed.md).",
            "",
            "| | Lotse | Rasa | Verhältnis | Ziel | erreicht |",
            "|---|---|---|---|---|---|",
            *(row.line() for row in rows(result)),
            "",
            f"Der Lotse braucht im Zug 200 für das langsamste Zwanzigstel {growth:.2f} × so lange "
            f"wie im Zug 5 (Ziel: ≤ 1,2 ×, {'erreicht' if growth <= 1.2 else '**nicht erreicht**'}"
            f"). Eine Antwort aus der Wissensbasis gaben der Lotse auf {shares['Lotse']:.0%} und "
            f"Rasa auf {shares['Rasa']:.0%} der Fragen; sonst fragten sie nach oder verneinten.",
            "",
            "![Vergleich](../images/vergleich.svg)",
            "",
        ]
    )


def draw(result: Mapping[str, Any], target: Path) -> None:
    """Draw answer times, throughput, start and memory."""
    mpl.rcParams["svg.hashsalt"] = "lotse"  # the same figures give the same file
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    times, rates, once, memory = figure.subplots(
        1, 4, gridspec_kw={"width_ratios": (3, 3, 1.3, 1.3)}
    )
    for name, colour in COLOURS.items():
        by_turn = result["latency"][name]
        median = [1000 * by_turn[turn]["p50"] for turn in TURNS]
        slow = [1000 * by_turn[turn]["p95"] for turn in TURNS]
        times.plot(TURNS, median, "o-", color=colour, label=f"{name}, Median")
        times.plot(TURNS, slow, "^:", color=colour, label=f"{name}, p95")
        offset = -0.2 if name == "Lotse" else 0.2
        bars = rates.bar([i + offset for i in range(len(AT_ONCE))],
                         [result["throughput"][name][c] for c in AT_ONCE], 0.38,
                         color=colour, label=name)  # fmt: skip
        rates.bar_label(bars, fmt="%.0f", fontsize=8)
        _bar(once, name, result["start"][name], "%.0f")
        _bar(memory, name, result["memory"][name] / 2**20, "%.0f")
    times.set(xlabel="Zug des Gesprächs", ylabel="ms", title="Zeit bis zur Antwort", xticks=TURNS)
    times.set_yscale("log")
    times.set_ylim(bottom=10)
    times.yaxis.set_major_formatter("{x:.0f}")
    times.grid(axis="y", alpha=0.3)
    times.legend(fontsize=8)
    rates.set(xlabel="Gespräche gleichzeitig", ylabel="Nachrichten/s", title="Durchsatz")
    rates.set_xticks(range(len(AT_ONCE)), [str(count) for count in AT_ONCE])
    rates.legend(fontsize=8)
    once.set(title="Start", ylabel="s")
    memory.set(title="Speicher", ylabel="MB")
    for axes in (times, rates, once, memory):
        axes.spines[["top", "right"]].set_visible(False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None})


def _bar(axes: Any, name: str, value: float, form: str) -> None:
    axes.bar_label(axes.bar([name], [value], 0.6, color=COLOURS[name]), fmt=form, fontsize=8)
