"""What no model has learnt joins in: a municipality's own entries, and changes since training.

The classifier spreads its probabilities over what it knows. The index says how likely a message
asks for something new instead; all that the classifier said shrinks by that chance. So an entry
that is new is answered, offered or left out by the same measure as any other, and whatever the
message was taken for („ausserhalb“, say), it is treated as a concern once that is likeliest.
"""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.turn import CONCERN, OUT_OF_SCOPE, Context, Turn

_NOT_REFUSED_FROM = 0.2
"""From this chance on, a message that would be refused is answered, or asked back about."""


def join(turn: Turn, context: Context) -> Turn:
    """Return the turn with new entries weighed in; the same turn when none comes near."""
    new = dict(context.rank_new(turn.text))
    chance = sum(new.values())
    if not chance:
        return turn
    intents = {name: p * (1 - chance) for name, p in turn.intents.items()}
    intents[CONCERN] = intents.get(CONCERN, 0.0) + chance
    entries = {i: p * (1 - chance) for i, p in turn.entries.items()}
    for entry_id, p in new.items():
        entries[entry_id] = entries.get(entry_id, 0.0) + p
    intent = max(intents, key=lambda name: intents[name])
    return replace(
        turn, intent=intent, confidence=intents[intent], intents=intents, entries=entries
    )


def is_concern(joined: Turn, turn: Turn) -> bool:
    """Whether a turn is to be treated as a concern because of what joined in.

    What would otherwise be refused is rather offered; small talk has to be less likely.
    """
    if joined is turn:
        return False
    gained = joined.intents[CONCERN] - turn.intents.get(CONCERN, 0.0)
    return joined.intent == CONCERN or (turn.intent == OUT_OF_SCOPE and gained >= _NOT_REFUSED_FROM)
