"""Rasa graph components for German; :mod:`bot.german` and :mod:`bot.knowledge` do the work."""
