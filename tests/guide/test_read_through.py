"""The dialogues of newcomers, read from beginning to end through the real assistant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from bot.answer import Link, Progress, Reply, render_text
from bot.channels.turn import take_turn
from bot.guide import link
from bot.settings import PROJECT, get_settings

pytestmark = [
    pytest.mark.rasa,
    pytest.mark.filterwarnings("ignore"),  # Rasa warns of its own future while it loads a model
]

DIALOGUES = {
    dialogue["name"]: [turn["nutzer"] for turn in dialogue["zuege"]]
    for dialogue in yaml.safe_load(
        (PROJECT / "tests" / "evaluation" / "dialogues.yml").read_text(encoding="utf-8")
    )
    if dialogue["art"] == "einstieg"
}


class Assistant:
    """The assistant as it is served, without the web server around it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.load()

    def load(self) -> None:
        """Start, or start anew as after a restart of the server."""
        from bot.engine import create_agent

        self.agent = self.loop.run_until_complete(create_agent(get_settings()))

    def say(self, text: str, sender: str) -> Reply:
        turn = take_turn(self.agent.handle_message, text, sender, "test")
        return self.loop.run_until_complete(turn)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    from bot.training import train_if_changed

    train_if_changed(get_settings())
    database = tmp_path_factory.mktemp("unterhaltungen") / "test.db"
    patch = pytest.MonkeyPatch()
    patch.setenv("LOTSE_DATABASE_URL", f"sqlite:///{database}")
    get_settings.cache_clear()
    running = Assistant()
    yield running
    running.loop.close()
    patch.undo()
    get_settings.cache_clear()


def text(reply: Reply) -> str:
    return render_text(reply.parts)


@pytest.mark.parametrize("name", DIALOGUES)
def test_a_newcomer_is_asked_answered_and_never_asked_back_in_vain(
    name: str, assistant: Assistant
) -> None:
    """Each begins with a question; later, every message is understood or answered."""
    sender = uuid4().hex
    first, *others = [assistant.say(line, sender) for line in DIALOGUES[name]]
    assert first.outcome.status == "guide"
    assert any(isinstance(part, Progress) for part in first.parts)
    for reply in others:
        assert "keiner der Antworten" not in text(reply)
    for reply in others[:-1]:  # the last may be a goodbye
        assert reply.outcome.status in ("guide", "clarify") or "Zurück zu Ihrem" in text(reply)


def test_from_new_to_a_plan_with_questions_in_between_and_a_restart(
    assistant: Assistant, tmp_path: Path
) -> None:
    sender = uuid4().hex

    def say(line: str) -> Reply:
        return assistant.say(line, sender)

    assert say("Ich bin neu und weiß nicht, wo ich anfangen soll").outcome.status == "guide"
    assert "Frage 2 von 6" in text(say("wir sind ein Dorf mit 900 Leuten, ich mach das nebenbei"))
    between = say("Was ist die Win-Win-Börse?")
    assert between.outcome.status == "answer"
    assert "Frage 2 von 6" in text(between)
    assert say("später weiter").outcome.topic == "einstieg"
    assistant.load()
    assert "Frage 2 von 6" in text(say("weitermachen"))
    say("überspringen")
    say("noch fast nichts")
    say("mit den Betrieben")
    plan = say("7")
    assert plan.outcome.status == "guide"
    assert len(set(plan.outcome.entries)) == 3
    path = next(part.path for part in plan.parts if isinstance(part, Link))
    from bot.dialogue.guided import plan_key

    answers: Any = link.read(path.rpartition("/")[2], plan_key()).answers
    assert answers == {
        "ort": "dorf",
        "zeit": "nebenbei",
        "bestand": "nichts",
        "gruppe": "wirtschaft",
        "anliegen": "mittel",
    }


def test_nothing_of_the_guide_is_left_after_deleting(assistant: Assistant) -> None:
    sender = uuid4().hex
    assistant.say("Ich bin neu hier", sender)
    assistant.say("Dorf", sender)
    assistant.say("Bitte löschen Sie alles, was Sie über mich gespeichert haben.", sender)
    assert "Frage 1 von 6" in text(assistant.say("Ich bin neu hier", sender))
