"""The guided dialogues *Einstieg* and *Erfolgsfaktoren-Check*, and the plan they end in.

Nothing in here knows of Rasa or of a web server: :func:`bot.guide.dialogue.step` turns a message
and a state into a reply and the next state, and everything it says is data.
"""
