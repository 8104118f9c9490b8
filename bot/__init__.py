"""Engagement-Lotse: a German assistant for people who promote civic engagement in town halls."""

__version__ = "0.1.0"
