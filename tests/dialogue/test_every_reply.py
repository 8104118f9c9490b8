"""Walk every reply that can be reached: each sentence is data, each turn has one outcome.

What is data is read from the files themselves, not through the code that composes the replies.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.answer import STATUSES, Reply, render_text
from bot.dialogue import guided
from bot.dialogue.respond import chosen, respond
from bot.dialogue.state import State
from bot.dialogue.turn import CONCERN, OUT_OF_SCOPE, Context, Turn
from bot.knowledge import ARTEN, GRUPPEN

_BLANK = re.compile(r"\\\{\w+\\\}")
"""A blank of a response after :func:`re.escape`."""


class Data:
    """All texts of ``data/knowledge`` and ``domain.yml``."""

    def __init__(self, project: Path) -> None:
        self.texts: set[str] = set()
        for file in (project / "data" / "knowledge").glob("*.yml"):
            self.texts.update(_strings(yaml.safe_load(file.read_text(encoding="utf-8"))))
        domain = yaml.safe_load((project / "domain.yml").read_text(encoding="utf-8"))
        responses = [v["text"].strip() for r in domain["responses"].values() for v in r]
        self.texts.update(text for text in responses if "{" not in text)
        self._patterns = [
            re.compile(_BLANK.sub("(.+)", re.escape(text)), re.DOTALL)
            for text in responses
            if "{" in text
        ]

    def holds(self, text: str) -> bool:
        """Whether a text is data, or a response with data in its blanks."""
        if text in self.texts:
            return True
        matches = (pattern.fullmatch(text) for pattern in self._patterns)
        return any(match and all(map(self._fills, match.groups())) for match in matches)

    def _fills(self, value: str) -> bool:
        """Whether a value is data, a number, or several of these: „Dokument, Kapitel 2, Stelle“."""
        if value in self.texts or re.fullmatch(r"\d+", value):
            return True
        if re.fullmatch(r"Kapitel \d", value):  # as the answer contract writes it
            return True
        heads = [at for at in range(len(value)) if value.startswith(", ", at)]
        return any(self._fills(value[:at]) and self._fills(value[at + 2 :]) for at in heads)


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)
    elif isinstance(data, str):
        yield data.strip()


def shown(reply: Reply) -> Iterator[str]:
    """Return every text of a reply that a person sees."""
    for part in reply.parts:
        for name, value in vars(part).items():
            if name == "items":
                yield from value
            elif isinstance(value, str) and name != "path":
                yield value
    for choice in reply.choices:
        yield choice.title


def check(reply: Reply, context: Context, data: Data, topics: set[str]) -> None:
    """Fail unless a reply keeps to the answer contract and to the data."""
    outcome = reply.outcome
    assert outcome.status in STATUSES
    assert outcome.group in (None, *GRUPPEN)
    assert outcome.kind in (None, *ARTEN)
    assert 0.0 <= outcome.confidence <= 1.0
    assert all(entry_id in context.knowledge for entry_id in outcome.entries)
    assert len(set(outcome.entries)) == len(outcome.entries)
    if outcome.status in ("dialog", "guide"):
        assert outcome.topic in topics
    else:
        assert outcome.topic is None
    if outcome.status in ("answer", "overview"):
        assert outcome.entries
        assert outcome.source
    if outcome.status == "answer":
        first = context.knowledge[outcome.entries[0]]
        assert (outcome.group, outcome.kind) == (first.gruppe, first.art)
        assert outcome.source == first.quelle.place
    if outcome.status == "no_answer":
        assert outcome.entries == ()
    assert reply.parts
    text = render_text(reply.parts)
    assert text.strip()
    assert "\n\n" not in text, "Rasa would split it into several messages"
    titles = [choice.title for choice in reply.choices]
    assert len(set(titles)) == len(titles)
    for sentence in shown(reply):
        assert data.holds(sentence), f"steht in keinen Daten: {sentence!r}"
    assert Reply.from_json(reply.to_json()).to_json() == reply.to_json()


@pytest.fixture(scope="module")
def data(project: Path) -> Data:
    return Data(project)


@pytest.fixture(scope="module")
def topics(domain: dict[str, Any]) -> set[str]:
    return {*domain["intents"], "leer", "zu_lang"}


def turn(text: str, intent: str, groups: tuple[str, ...] = (), **more: Any) -> Turn:
    entries = more.pop("entries", {})
    intents = {intent: 0.9, CONCERN: sum(entries.values())}
    return Turn(text, intent, 0.9, intents, entries, groups=groups, **more)


def openings(context: Context) -> list[Turn]:
    """Every entry asked for: clearly, hardly and hopelessly."""
    ids = list(context.knowledge)
    return [
        turn("Was tun?", CONCERN, entries={first: chance, second: chance / 2, third: chance / 3})
        for chance in (0.5, 0.11, 0.05)
        for first, second, third in zip(ids, ids[1:] + ids, ids[2:] + ids)
    ]


def messages(action_of: dict[str, str]) -> list[Turn]:
    """Every intent, with no group, each group, and pairs of groups where that may matter."""
    everything = [turn("Und nun?", intent) for intent in action_of]
    about_groups = [i for i, action in action_of.items() if action != "action_gespraech"]
    everything += [turn("Und da?", i, (group,)) for i in about_groups for group in GRUPPEN]
    everything += [
        turn("Und beide?", intent, pair)
        for intent in ("vergleich", "beides", "gruppe")
        for pair in combinations(GRUPPEN, 2)
    ]
    everything += [turn("Nein, nicht die", "korrektur", (), excluded=(g,)) for g in GRUPPEN]
    everything += [turn(f"das {word}", "auswahl") for word in ("zweite", "letzte", "davor", "77")]
    everything += [
        turn("Wetter?", OUT_OF_SCOPE, details={theme: 0.9}, entries={"politik-empfehlung-1": 0.1})
        for theme in ("fern", "kommunal", "nah")
    ]
    return everything


def kind_of(state: State) -> object:
    """Return what decides how messages are taken, apart from the single entry shown."""
    last = state.last
    shown_last = (last.status, last.group, last.kind) if last else None
    return shown_last, state.gruppe is None, min(state.fehlversuche, 2)


def without_guide(state: State) -> State:
    """Return the state as if no guided dialogue had begun or was on offer."""
    offered = tuple(
        (title, target) for title, target in state.angebot if not target.startswith(guided.TARGET)
    )
    return replace(state, einstieg=State().einstieg, angebot=offered)


def test_every_reachable_reply_is_made_of_data_and_has_one_outcome(
    context: Context,
    handlers: dict[str, Any],
    action_of: dict[str, str],
    data: Data,
    topics: set[str],
) -> None:
    everything = messages(action_of)
    queue: deque[tuple[State, list[Turn]]] = deque([(State(), [*openings(context), *everything])])
    seen: set[object] = set()
    replies: set[Reply] = set()
    while queue:
        state, turns = queue.popleft()
        typed = [turn(title, "dank") for title, _ in state.angebot]
        for said in [*turns, *typed]:
            handler = handlers[action_of[said.intent]]
            reply, after = respond(said, state, context, handler)
            after = without_guide(after)  # its paths are walked in tests/guide
            if reply not in replies:
                check(reply, context, data, topics)
                replies.add(reply)
            if after in seen or len(after.verlauf) > 3:
                continue
            seen.add(after)
            if (kind := kind_of(after)) not in seen:  # the first of its kind hears everything
                seen.add(kind)
                queue.append((State.from_slots(after.to_slots()), everything))
            elif (after.last, after.angebot) not in seen:  # the others only what is offered
                seen.add((after.last, after.angebot))
                queue.append((State.from_slots(after.to_slots()), []))
            for title, target in after.angebot:
                assert chosen(title, after) == target
    answered = {r.outcome.entries[0] for r in replies if r.outcome.status == "answer"}
    assert answered == set(context.knowledge)
    assert {r.outcome.status for r in replies} == set(STATUSES)
    overviews = {
        (r.outcome.group, r.outcome.kind) for r in replies if r.outcome.status == "overview"
    }
    assert len(overviews) >= 4 * 4 + 1


def test_every_entry_is_shown_at_length_in_plain_language_and_with_its_source(
    talk: Any, data: Data, topics: set[str]
) -> None:
    for entry in talk.context.knowledge.values():
        for text, intent in (("…", CONCERN), ("mehr", "mehr"), ("einfach", "einfacher")):
            reply = talk.ask(entry.id) if intent == CONCERN else talk.say(text, intent)
            check(reply, talk.context, data, topics)
            assert reply.outcome.entries[0] == entry.id
            assert entry.titel in set(shown(reply))
            assert any(entry.quelle.place in line for line in shown(reply))
        reply = talk.say("Quelle?", "quelle")
        check(reply, talk.context, data, topics)
        assert entry.quelle.place in render_text(reply.parts)


def test_a_sentence_that_is_no_data_would_be_found(data: Data) -> None:
    assert data.holds("Beispiele:")
    assert not data.holds("Beispiel:")
    assert not data.holds("Quelle: Wikipedia")
    assert not data.holds("Wenden Sie sich an mich. Sofort.")


def test_every_response_is_used_and_every_one_that_is_used_exists(
    project: Path, domain: dict[str, Any]
) -> None:
    """A response that nothing says is dead; one that is missing would be an error in a turn."""
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("bot", "actions")
        for file in (project / folder).rglob("*.py")
    )
    names = {name.removeprefix("utter_") for name in domain["responses"]}
    for name in names - set(domain["intents"]):
        stem = re.sub(
            r"_(?:leer|fern|kommunal|empfehlung|erfolgsfaktor|grundlage|handlungslogik)$", "", name
        )
        first, _, last = name.rpartition("_")
        said = (f'"{name}"', f'"{stem}_', f"}}_{last}", f'"{first}_{{')
        assert any(form in code for form in said), name
    for name in re.findall(r'texts\("(\w+)"', code):
        assert name in names, name
