"""Measure the running assistant with question sets (``docs/bewertung.md`` defines the figures)."""
