"""Engagement-Lotse: a German assistant for people who promote civic engagement in town halls."""

import os

# Before anything imports Rasa, which sends usage data unless told not to.
os.environ["RASA_TELEMETRY_ENABLED"] = "false"

# TensorFlow, which Rasa imports, writes past every log straight to standard error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"
