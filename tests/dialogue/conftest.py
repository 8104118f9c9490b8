"""A conversation without Rasa: the real knowledge base, and a ranker that needs no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from actions.base import LotseAction
from bot.answer import Reply, render_text
from bot.dialogue.respond import respond
from bot.dialogue.state import State
from bot.dialogue.texts import Texts
from bot.dialogue.turn import CONCERN, Context, Turn
from bot.german.text import fold
from bot.knowledge import Knowledge


def subclasses(cls: type[LotseAction]) -> list[type[LotseAction]]:
    return [s for child in cls.__subclasses__() for s in (child, *subclasses(child))]


@pytest.fixture(scope="session")
def handlers(project: Any) -> dict[str, Any]:
    """The handler of the dialogue for each action name."""
    import actions.anliegen
    import actions.gespraech
    import actions.nachfragen
    import actions.ueberblick  # noqa: F401

    return {action.action_name: action.handler for action in subclasses(LotseAction)}


@pytest.fixture(scope="session")
def action_of(project: Any) -> dict[str, str]:
    """The action that the rules name for each intent."""
    import yaml

    return {
        rule["steps"][0]["intent"]: rule["steps"][1]["action"]
        for file in (project / "data" / "rules").glob("*.yml")
        for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
    }


@pytest.fixture(scope="session")
def context(knowledge: Knowledge, texts: Texts) -> Context:
    """Rank by the share of common words: exact enough for tests, the same on every machine."""
    words = {
        entry.id: set(fold(" ".join([entry.titel, entry.kurz, *entry.stichworte])).split())
        for entry in knowledge.values()
    }

    def rank(text: str, group: str | None) -> list[tuple[str, float]]:
        asked = {word for word in fold(text).split() if len(word) > 4}
        scores = [
            (entry.id, len(asked & words[entry.id]) / (len(asked) or 1))
            for entry in knowledge.select(group)
        ]
        return sorted(scores, key=lambda item: -item[1])

    return Context(knowledge, rank, texts)


@dataclass
class Conversation:
    """Says something with a given meaning and remembers what came of it."""

    context: Context
    handlers: dict[str, Any]
    action_of: dict[str, str]
    state: State = field(default_factory=State)

    def say(
        self,
        text: str,
        intent: str = CONCERN,
        *groups: str,
        entries: dict[str, float] | None = None,
        details: dict[str, float] | None = None,
        excluded: tuple[str, ...] = (),
        confidence: float = 0.9,
        others: dict[str, float] | None = None,
    ) -> Reply:
        entries = entries or {}
        intents = {intent: confidence, CONCERN: sum(entries.values()), **(others or {})}
        turn = Turn(
            text,
            intent,
            confidence,
            intents,
            entries,
            details or {},
            groups,
            excluded,
        )
        handler = self.handlers[self.action_of[intent]]
        reply, after = respond(turn, self.state, self.context, handler)
        # the state goes through Rasa's slots between two turns
        self.state = State.from_slots(after.to_slots())
        return reply

    def ask(self, entry_id: str, text: str = "Was tun?", *others: str) -> Reply:
        """Ask what one entry answers, others being likely too."""
        entries = {entry_id: 0.8, **dict.fromkeys(others, 0.05)}
        return self.say(text, entries=entries)


@pytest.fixture
def talk(context: Context, handlers: Any, action_of: Any) -> Conversation:
    return Conversation(context, handlers, action_of)


@pytest.fixture
def plain() -> Callable[[Reply], str]:
    return lambda reply: render_text(reply.parts)
