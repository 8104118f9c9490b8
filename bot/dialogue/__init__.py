"""How the assistant answers: from an understood message and the state to a reply and a new state.

Nothing in here imports Rasa; ``actions/`` is the bridge. Read :mod:`bot.dialogue.turn` first, then
:mod:`bot.dialogue.respond`, which reads as the architecture.
"""
