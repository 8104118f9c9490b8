"""What the tests of the guide share: the real data, and a token that can be read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

import pytest

from bot.dialogue.texts import Texts, get_texts
from bot.guide import link
from bot.guide.say import Base
from bot.knowledge import Knowledge, load_knowledge
from bot.settings import PROJECT

KEY = b"ein Schluessel nur fuer die Tests"
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load_knowledge(PROJECT / "data" / "knowledge")


@pytest.fixture(scope="session")
def texts() -> Texts:
    return get_texts()


@pytest.fixture(scope="session")
def base(knowledge: Knowledge, texts: Texts) -> Base:
    assert knowledge.guide is not None

    def token(dialogue: str, answers: Mapping[str, str]) -> str:
        return link.sign(dialogue, answers, KEY, 30, NOW)

    return Base(knowledge, knowledge.guide, texts, token, 30)
