"""The real assistant gives the same answer to a message written differently."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from bot.evaluation import robustness
from bot.evaluation.client import conversations
from bot.evaluation.run import OWN_SETS
from bot.knowledge import load_knowledge
from bot.settings import PROJECT, get_settings
from bot.training import train_if_changed

pytestmark = pytest.mark.rasa

SAMPLE = 40
SLACK = 0.05
"""A sample of forty may fall this far below the goal by chance."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of the real server, running for this module."""
    train_if_changed(get_settings())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "LOTSE_HOST": "127.0.0.1", "LOTSE_PORT": str(port)}
    command = [sys.executable, "-m", "bot", "serve"]
    server = subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(health: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 300
    while time.monotonic() < give_up:
        assert server.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(health, timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)
    raise AssertionError("the server did not become ready")


def test_learnt_questions_keep_their_answer_however_they_are_written(url: str) -> None:
    knowledge = load_knowledge(PROJECT / "data" / "knowledge")
    groups = robustness.messages(sorted(OWN_SETS.glob("*.yml")), knowledge, SAMPLE)
    tried = robustness.generate(conversations(url), {"learnt": groups["learnt"]})
    too_low = {
        row["transformation"]: row["same"]
        for row in robustness.evaluate(tried)
        if row["same"] < row["goal"] - SLACK
    }
    assert not too_low, robustness.differences(tried)
