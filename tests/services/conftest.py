"""The real services, started once for all tests here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.parts import Postgres, Redis


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs services."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("services")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="lotse-") as folder:  # short: it holds a socket
        running = Postgres(Path(folder))
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    running = Redis()
    running.start()
    yield running
    running.stop()
