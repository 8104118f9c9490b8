"""Random walks: whatever people say in whatever order, nothing gets stuck and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.guide.dialogue import begin, choose, open_question, step
from bot.guide.questions import questions
from bot.guide.say import TARGET, Base
from bot.guide.state import CHECK, DIALOGUES, START, GuideState
from bot.guide.understand import Heard

FORGETS = ("von vorn", "reset")
MESSAGES = st.sampled_from(
    [
        Heard("dorf"),
        Heard("wir sind 30.000 Einwohner und ich mache das nebenbei"),
        Heard("doch eher Verwaltung", groups=("verwaltung",)),
        Heard("mit Vereinen", groups=("zivilgesellschaft",)),
        Heard("alle"),
        Heard("Unser Rat blockiert alles", groups=("politik",)),
        Heard("ein Projekt starten"),
        Heard("ja"),
        Heard("teils"),
        Heard("nein", "verneinen", 0.9),
        Heard("weiß nicht"),
        Heard("zurück"),
        Heard("zurück", "zurueck", 0.9),
        Heard("überspringen"),
        Heard("warum?"),
        Heard("weiter"),
        Heard("später weiter"),
        Heard("abbrechen", "abbrechen", 0.9),
        Heard("von vorn"),
        Heard("reset", "neustart", 0.9),
        Heard("noch mal", "wiederholen", 0.9),
        Heard("plan"),
        Heard("lila Elefant"),
        Heard("?"),
        Heard("Was ist die Win-Win-Börse?", answerable=True),
        Heard("Danke", "dank", 0.9),
        Heard("ich bin neu", "einstieg", 0.95),
        Heard("wie gut stehen wir da", "check", 0.95),
    ]
)
PICKS = st.integers(min_value=0, max_value=12)


@settings(max_examples=40, deadline=None, derandomize=True)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@given(st.sampled_from(DIALOGUES), st.lists(st.one_of(MESSAGES, PICKS), max_size=25))
def test_a_random_walk_never_gets_stuck_and_never_loses_an_answer(
    base: Base, dialogue: str, moves: list[Heard | int]
) -> None:
    reply, state = begin(dialogue, Heard(""), GuideState(), base)
    for move in moves:
        before = state
        forgets = isinstance(move, Heard) and move.text in FORGETS
        if isinstance(move, int):
            targets = [c.target for c in reply.choices if c.target.startswith(TARGET)]
            target = targets[move % len(targets)].removeprefix(TARGET)
            forgets = target == "von_vorn" or target.startswith("beginnen")
            reply, state = choose(target, state, base)
        elif state.asking:
            answer, state = step(move, state, base)
            reply = answer or open_question(state, base)
        else:  # left or finished: the next message begins again
            forgets = True  # a finished dialogue that is begun anew starts with no answers
            reply, state = begin(state.dialogue, move, state, base)
        assert reply.outcome.status == "guide"
        assert reply.parts and reply.choices
        assert GuideState.from_slot(state.to_slot()) == state
        for name in (START, CHECK) if not forgets else ():
            old, new = (s.check if name == CHECK else s.einstieg for s in (before, state))
            assert old.answers.keys() <= new.answers.keys()
        if state.asking:
            ids = [q.id for q in questions(state.dialogue, state.session.answers, base.knowledge)]
            assert state.session.current in ids
    assert_leads_to_a_plan(state, base)


def assert_leads_to_a_plan(state: GuideState, base: Base) -> None:
    """From anywhere, skipping what is open ends in a plan after at most all the questions."""
    if not state.asking:
        state = begin(state.dialogue, Heard(""), state, base)[1]
    for _ in range(len(questions(CHECK, {}, base.knowledge)) + 1):
        if not state.asking:
            break
        reply, state = step(Heard("überspringen"), state, base)
        assert reply is not None
    assert state.phase == "done"
