"""Engagement-Lotse: a German assistant for people who promote civic engagement in town halls."""

import os

# Before anything imports Rasa, which sends usage data unless told not to.
os.environ["RASA_TELEMETRY_ENABLED"] = "false"

__version__ = "0.1.0"
