"""Measure the running assistant with question sets; the figures are defined in ``docs/bewertung.md``."""
