"""``make bench``: this assistant and a stock Rasa assistant, measured in one run.

Both run at the same time on the same machine and are asked alternately, message by message, so
that whatever disturbs the one disturbs the other as well; who is not asked is idle. Throughput,
where that would not do, is measured in turns. The table says how much of the processors other
programs took meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import numpy as np
import psutil

from benchmarks import servers, stock
from benchmarks.load import Talk, new_texts, throughput
from benchmarks.report import draw, table
from bot.settings import PROJECT, get_settings
from bot.training import fingerprint

FOLDER = get_settings().state_dir / "bench"
TABLE = PROJECT / "docs" / "messungen" / "vergleich.md"
PICTURE = PROJECT / "docs" / "images" / "vergleich.svg"
FIRST = "Was bedeutet Hebammenfunktion?"
WINDOWS = {5: (3, 7), 50: (45, 55), 200: (195, 205)}
"""Turn -> the turns around it whose times count as its own."""
AT_ONCE = (1, 8, 32)


def main() -> None:
    """Train what is not trained yet, measure, write table and picture."""
    parser = argparse.ArgumentParser(description="compare with a stock Rasa assistant")
    parser.add_argument("--share", type=float, default=1.0, help="part of the examples for stock")
    parser.add_argument("--long", type=int, default=4, help="conversations of 205 turns")
    parser.add_argument("--short", type=int, default=12, help="further conversations of 7 turns")
    parser.add_argument("--starts", type=int, default=3, help="so often each is started")
    parser.add_argument("--rounds", type=int, default=2, help="so often throughput is measured")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = servers.free_port()
    folder, trained = train_stock(options.share, port)
    models, trained_ours = train_ours()
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} Kerne",
        "share": options.share,
        "training": {"Rasa": trained, "Lotse": trained_ours},
    }
    result |= measure(options, models, folder, port)
    (FOLDER / "vergleich.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    TABLE.parent.mkdir(exist_ok=True)
    text = table(result)
    TABLE.write_text(text, encoding="utf-8")
    draw(result, PICTURE)
    print(text)


def train_stock(share: float, port_of_actions: int) -> tuple[Path, float]:
    """Return the folder of the stock assistant and how long its training took (s).

    It is trained once; what it is made of is part of the name of its model's folder.
    """
    folder = FOLDER / "stock"
    digest = stock.write(folder, port_of_actions, share)
    models = FOLDER / f"stock-{digest}"
    command = ["rasa", "train", "--skip-validation", "--out", str(models)]
    seconds = _trained(models, folder, command, {})
    (folder / "models").symlink_to(models)
    return folder, seconds


def train_ours() -> tuple[Path, float]:
    """Return the folder of our model and how long its training takes (s).

    It is measured once for each state of its data.
    """
    models = FOLDER / f"lotse-{fingerprint(get_settings())}"
    settings = {"LOTSE_MODELS_DIR": str(models)}
    return models, _trained(models, PROJECT, ["bot", "train", "--force"], settings)


def _trained(models: Path, work: Path, command: list[str], settings: dict[str, str]) -> float:
    noted = models / "sekunden"
    if not noted.is_file():
        models.mkdir(exist_ok=True)
        started = time.monotonic()
        with (models / "training.log").open("w") as log:
            subprocess.run(
                [sys.executable, "-W", "ignore", "-m", *command],
                cwd=work,
                env={**os.environ, **servers.QUIET, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
            )
        noted.write_text(str(time.monotonic() - started))
    return float(noted.read_text())


def measure(options: argparse.Namespace, models: Path, folder: Path, port: int) -> dict[str, Any]:
    """Return all figures but the training, by assistant."""
    starts: dict[str, list[float]] = defaultdict(list)

    def begin(stack: ExitStack) -> list[servers.Running]:
        both = [
            stack.enter_context(servers.ours(FOLDER, models, FIRST)),
            stack.enter_context(servers.stock(folder, port, FIRST)),
        ]
        for running in both:
            starts[running.name].append(running.start)
        return both

    for _ in range(options.starts - 1):
        with ExitStack() as stack:
            begin(stack)
    with ExitStack() as stack:
        both = begin(stack)
        others = _others(both)
        asked = new_texts(stock.learnt_questions(folder), seed=1)
        latency, entries = asyncio.run(_latency(both, options, asked))
        rates = _rates(both, options.rounds, asked)
        return {
            "latency": latency,
            "entries": entries,
            "throughput": rates,
            "start": {name: median(times) for name, times in starts.items()},
            "memory": {running.name: running.memory() for running in both},
            "load": os.getloadavg()[1],
            "others": others(),
        }


def _others(both: list[servers.Running]) -> Callable[[], float]:
    """Return what tells how many processors other programs have used since now, on average."""

    def busy() -> float:
        times = psutil.cpu_times()
        own = sum(running.processor() for running in both) + sum(os.times()[:2])
        return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice - own)

    started, before = time.monotonic(), busy()
    return lambda: (busy() - before) / (time.monotonic() - started)


async def _latency(
    both: list[servers.Running], options: argparse.Namespace, asked: Iterator[str]
) -> tuple[dict[str, Any], dict[str, float]]:
    """Ask both in turn; return name -> turn -> percentiles (s), and the share of entries shown.

    The percentiles are those of knowledge answers: of turns in which an entry was shown.
    """
    times: dict[str, dict[int, list[float]]] = {running.name: defaultdict(list) for running in both}
    shown: dict[str, list[bool]] = defaultdict(list)
    lengths = [WINDOWS[200][1]] * options.long + [WINDOWS[5][1]] * options.short
    async with aiohttp.ClientSession() as session:
        for length in lengths:
            talks = {running.name: Talk(session, running.url) for running in both}
            for turn in range(1, length + 1):
                text = next(asked)
                for name, talk in talks.items():
                    took, entry = await talk.ask(text)
                    shown[name].append(entry)
                    for middle, (first, last) in WINDOWS.items():
                        if entry and first <= turn <= last:
                            times[name][middle].append(took)
    percentiles = {
        name: {
            middle: {
                "p50": float(np.percentile(samples, 50)),
                "p95": float(np.percentile(samples, 95)),
                "n": len(samples),
            }
            for middle, samples in sorted(by_turn.items())
        }
        for name, by_turn in times.items()
    }
    return percentiles, {name: sum(seen) / len(seen) for name, seen in shown.items()}


def _rates(
    both: list[servers.Running], rounds: int, asked: Iterator[str]
) -> dict[str, dict[int, float]]:
    """Return name -> conversations at once -> messages a second, the median of the rounds."""
    rates: dict[str, dict[int, list[float]]] = {
        running.name: {at_once: [] for at_once in AT_ONCE} for running in both
    }
    for _ in range(rounds):
        for at_once in AT_ONCE:
            for running in both:
                total = max(8, 2 * at_once)
                rate = asyncio.run(throughput(running.url, at_once, total, 10, asked))
                rates[running.name][at_once].append(rate)
    return {
        name: {at_once: median(measured) for at_once, measured in by_count.items()}
        for name, by_count in rates.items()
    }


if __name__ == "__main__":
    main()
