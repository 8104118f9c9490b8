"""The server with the scripted assistant, under attack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot import server
from tests.scripted import ScriptedAgent, live_knowledge, serving

LIMITS = {"rate_conversation": 1_000_000, "rate_address": 10_000_000, "open_conversations": 100_000}


@pytest.fixture(scope="session", autouse=True)
def entries() -> Iterator[None]:
    """Serve the real entries without watching the files."""
    patch = pytest.MonkeyPatch()
    patch.setattr(server, "get_live_knowledge", live_knowledge)
    yield
    patch.undo()


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ScriptedAgent]]:
    """Address and agent of a server that attackers share."""
    with serving(tmp_path_factory.mktemp("lotse"), **LIMITS) as it:
        it[1].slow.set()
        yield it


@pytest.fixture
def url(served: tuple[str, ScriptedAgent]) -> str:
    """The address of the shared server."""
    return served[0]
