"""The two assistants of the comparison as processes: start, ask, weigh, stop."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bot.settings import PROJECT

PATIENCE = 600.0
"""Seconds that an assistant may take to answer for the first time."""
QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}


@dataclass(frozen=True)
class Running:
    """An assistant that answers."""

    name: str
    url: str
    processes: tuple[psutil.Process, ...]
    start: float
    """Seconds from the command to the first answer."""

    def memory(self) -> int:
        """Return the resident memory of all its processes (bytes)."""
        return sum(process.memory_info().rss for process in self.processes)

    def processor(self) -> float:
        """Return the processor time that it has used (s)."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def ours(folder: Path, models: Path, first: str) -> Iterator[Running]:
    """Run our assistant with a new database in a folder; ``first`` is its first message."""
    port = free_port()
    database = folder / "unterhaltungen.db"
    for file in folder.glob("unterhaltungen.db*"):
        file.unlink()
    settings = {
        "LOTSE_PORT": str(port),
        "LOTSE_DATABASE_URL": f"sqlite:///{database}",
        "LOTSE_MODELS_DIR": str(models),
    }
    command = [sys.executable, "-W", "ignore", "-m", "bot", "serve"]
    with _running("Lotse", PROJECT, folder, port, first, {"serve": command}, settings) as running:
        yield running


@contextmanager
def stock(folder: Path, port_of_actions: int, first: str) -> Iterator[Running]:
    """Run the trained stock assistant in a folder, as Rasa's documentation has it."""
    port = free_port()
    rasa = [sys.executable, "-W", "ignore", "-m", "rasa", "run"]
    commands = {
        "actions": [*rasa, "actions", "--port", str(port_of_actions)],
        "run": [*rasa, "--interface", "127.0.0.1", "--port", str(port),
                "--credentials", "credentials.yml", "--endpoints", "endpoints.yml"],
    }  # fmt: skip
    with _running("Rasa", folder, folder, port, first, commands, {}) as running:
        yield running


@contextmanager
def _running(
    name: str,
    work: Path,
    logs: Path,
    port: int,
    first: str,
    commands: Mapping[str, Sequence[str]],
    settings: Mapping[str, str],
) -> Iterator[Running]:
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    with ExitStack() as stack:
        started = time.monotonic()
        processes = []
        for part, command in commands.items():
            log = stack.enter_context((logs / f"{part}.log").open("w"))
            process = subprocess.Popen(
                command,
                cwd=work,
                env={**os.environ, **QUIET, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(_stop, process)
            processes.append(process)
        while not _answers(url, first):
            ended = [process.args for process in processes if process.poll() is not None]
            if ended or time.monotonic() - started > PATIENCE:
                raise RuntimeError(f"{name} does not answer; its logs are in {logs}")
            time.sleep(0.05)
        took = time.monotonic() - started
        trees = tuple(psutil.Process(process.pid) for process in processes)
        yield Running(name, url, trees, took)


def _answers(url: str, text: str) -> bool:
    body = json.dumps({"sender": "erste", "message": text}).encode()
    request = urllib.request.Request(  # noqa: S310 (our own address)
        url, body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            return bool(json.load(reply))
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
