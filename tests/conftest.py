"""What all tests share. With ``CI=true`` a test that would be skipped fails instead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.dialogue.texts import Texts, get_texts
from bot.knowledge import Knowledge, load_knowledge
from bot.settings import PROJECT, get_settings


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[Any]:
    """Turn a skip into a failure on CI: there, nothing may be missing."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def model(request: pytest.FixtureRequest) -> None:
    """Train once, before all else, when any of the chosen tests talks to the real assistant."""
    if any(item.get_closest_marker("rasa") for item in request.session.items):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "bot", "train"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The real knowledge base."""
    return load_knowledge(PROJECT / "data" / "knowledge")


@pytest.fixture(scope="session")
def texts() -> Texts:
    """The real responses."""
    return get_texts()


@pytest.fixture(scope="session")
def domain() -> dict[str, Any]:
    """``domain.yml`` as plain data."""
    return yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return a function that finds a port nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
def set_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that sets ``LOTSE_…`` variables and has the settings read anew."""

    def set_(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"LOTSE_{name.upper()}", str(value))
        get_settings.cache_clear()

    yield set_
    get_settings.cache_clear()
