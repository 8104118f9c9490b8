"""Everything about the conversation itself: greeting, help, privacy, praise, starting over."""

from __future__ import annotations

from dataclasses import replace

from bot.answer import Paragraph, Reply
from bot.dialogue import compose, guided, overview
from bot.dialogue.state import State
from bot.dialogue.turn import Context, Turn

_WITH_TOPICS = frozenset(
    {"gruss", "faehigkeiten", "neustart", "bejahen", "verneinen", "abbrechen", "kritik"}
)
"""After these, people are shown what they can ask about."""
_WITH_GUIDE = frozenset({"gruss", "faehigkeiten", "neustart"})
"""After these, the guided dialogues are on offer as well."""
_WITH_CONTACT = frozenset({"mensch_sprechen", "kritik"})
_A_QUESTION = 5
"""A vague message of so many words asks something that is worth keeping for the group to come."""


def small_talk(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Reply with the response of the same name as the intent."""
    topic = turn.intent
    parts = [Paragraph(context.texts(topic))]
    if topic in _WITH_CONTACT:
        parts.append(compose.contact(context))
    choices = compose.group_choices(context, basics=True) if topic in _WITH_TOPICS else ()
    if topic in _WITH_GUIDE:
        choices = (*guided.start_choices(context), *choices)
    if topic in ("neustart", "daten_loeschen"):
        state = State()
    return compose.dialog(topic, context, parts, choices), replace(state, fehlversuche=0)


def vague(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Ask which group is meant by someone who wants „Tipps“ without saying for what.

    In the middle of a conversation the group is known: „Empfehlungen“ are then those of the group.
    """
    if state.gruppe and state.last:
        return overview.show(
            state.gruppe, overview.named_kind(turn) or "empfehlung", state, context
        )
    question = turn.text if len(turn.words) >= _A_QUESTION else ""
    return compose.clarify_group(context), replace(state, frage=question, art=None)
