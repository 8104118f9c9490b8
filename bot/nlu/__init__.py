"""Rasa graph components for German. The work is done in :mod:`bot.german` and :mod:`bot.knowledge`."""
