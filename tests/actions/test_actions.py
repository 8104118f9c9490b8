"""The bridge to Rasa: each action answers with one outcome, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions import base
from bot.answer import STATUSES, STRUCTURED, Reply
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Context
from bot.knowledge import Knowledge


@pytest.fixture(scope="module")
def actions() -> dict[str, Any]:
    """All actions by name, found as the action server finds them."""
    executor = ActionExecutor()
    executor.register_package("actions")
    return {name: run.__self__ for name, run in executor.actions.items()}


@pytest.fixture
def context(knowledge: Knowledge, texts: Texts, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Rank in the order of the document."""
    context = Context(knowledge, lambda _, g: [(e.id, 0.5) for e in knowledge.select(g)], texts)
    monkeypatch.setattr(base, "get_context", lambda: context)
    return context


def run(action: Any, message: dict[str, Any], slots: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    dispatcher = CollectingDispatcher()
    tracker: Any = SimpleNamespace(latest_message=message, slots=slots)
    *events, last = asyncio.run(action.run(dispatcher, tracker, {}))
    assert (last["event"], last["name"]) == ("followup", "action_listen")
    return dispatcher.messages, events


def message(intent: str, **more: Any) -> dict[str, Any]:
    ranking = [{"name": intent, "confidence": 0.9}]
    return {"text": "Was nun?", "intent": ranking[0], "intent_ranking": ranking, **more}


def test_every_action_of_the_domain_is_implemented_and_the_other_way_round(
    actions: dict[str, Any], domain: dict[str, Any]
) -> None:
    assert set(actions) == set(domain["actions"])


def test_every_slot_of_the_state_is_in_the_domain(domain: dict[str, Any]) -> None:
    assert {*base.State().to_slots(), "loeschen"} <= set(domain["slots"])


def test_each_action_answers_each_of_its_intents_with_one_outcome(
    project: Any, actions: dict[str, Any], context: Context
) -> None:
    import yaml

    for file in (project / "data" / "rules").glob("*.yml"):
        for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]:
            intent, action = rule["steps"][0]["intent"], rule["steps"][1]["action"]
            said, _ = run(actions[action], message(intent), {})
            outcomes = [m["custom"]["answer"] for m in said if m["custom"]]
            assert len(outcomes) == 1, intent
            assert outcomes[0]["status"] in STATUSES
            assert said[0]["text"].strip()


def test_our_channels_get_the_reply_in_one_piece(actions: dict[str, Any], context: Context) -> None:
    entries = [{"id": "politik-empfehlung-1", "confidence": 0.8}]
    said, events = run(
        actions["action_anliegen"],
        message("anliegen", eintraege=entries, metadata={STRUCTURED: True}),
        {},
    )
    (only,) = said
    reply = Reply.from_json(only["custom"])
    assert reply.outcome.entries == ("politik-empfehlung-1",)
    assert {event["name"] for event in events} >= {"gruppe", "art", "verlauf", "frage"}


def test_the_state_goes_on_from_the_slots(actions: dict[str, Any], context: Context) -> None:
    entries = [{"id": "politik-empfehlung-1", "confidence": 0.8}]
    _, events = run(actions["action_anliegen"], message("anliegen", eintraege=entries), {})
    slots = {event["name"]: event["value"] for event in events}
    said, _ = run(actions["action_einfacher"], message("einfacher"), slots)
    assert context.knowledge["politik-empfehlung-1"].einfach in said[0]["text"]


def test_a_group_that_is_ruled_out_arrives_as_such(actions: dict[str, Any]) -> None:
    entities = [
        {"entity": "akteursgruppe", "value": "politik", "start": 0, "end": 7},
        {"entity": "akteursgruppe", "value": "wirtschaft", "role": "ausgeschlossen"},
    ]
    turn = base.understood(message("korrektur", entities=entities))
    assert (turn.groups, turn.excluded) == (("politik",), ("wirtschaft",))


@pytest.mark.parametrize("broken", [{}, {"text": None, "intent": None, "entities": None}])
def test_a_message_without_anything_in_it_is_answered(
    actions: dict[str, Any], context: Context, broken: dict[str, Any]
) -> None:
    said, _ = run(actions["action_default_fallback"], broken, {})
    assert [m["custom"]["answer"]["status"] for m in said if m["custom"]] == ["no_answer"]


def test_an_error_inside_is_one_apology_one_outcome_and_one_log_line_without_the_message(
    actions: dict[str, Any],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(base, "respond", broken)
    before = {"gruppe": "politik"}
    with caplog.at_level(logging.INFO):
        said, events = run(actions["action_mehr"], message("mehr", text="Mein Name ist X"), before)
    outcomes = [m["custom"]["answer"] for m in said if m["custom"]]
    assert [outcome["status"] for outcome in outcomes] == ["no_answer"]
    assert context.texts("fehler") in said[0]["text"]
    assert events == []
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "Mein Name" not in caplog.records[0].getMessage()


@pytest.mark.parametrize(
    "slots",
    [
        {"verlauf": [{"status": "answer", "entries": ["gibt-es-nicht-mehr"], "shown": 1}]},
        {"verlauf": [{"status": "overview", "group": "politik", "kind": "empfehlung",
                      "entries": ["gibt-es-nicht-mehr"], "shown": 1}]},
        {"angebot": [["Weg", "eintrag:gibt-es-nicht-mehr"]]},
        {"verlauf": "kaputt"},
        {"verlauf": [{"unbekannt": 1}]},
        {"fehlversuche": None, "gruppen": None},
    ],
)  # fmt: skip
def test_slots_that_no_longer_fit_are_no_catastrophe(
    actions: dict[str, Any], context: Context, slots: dict[str, Any]
) -> None:
    for name in ("action_mehr", "action_wiederholen", "action_quelle", "action_auswahl"):
        said, events = run(actions[name], message("mehr"), slots)
        assert len([m for m in said if m["custom"]]) == 1
        after = {**slots, **{event["name"]: event["value"] for event in events}}
        assert base.remembered(after) is not None, "the next turn can go on from there"


def test_asking_for_deletion_marks_the_conversation(
    actions: dict[str, Any], context: Context
) -> None:
    _, events = run(actions["action_gespraech"], message("daten_loeschen"), {})
    assert ("loeschen", True) in [(event["name"], event["value"]) for event in events]
