"""Engagement-Lotse: a German assistant for people who promote civic engagement in town halls."""

import os

# Before anything imports Rasa, which sends usage data unless told not to.
os.environ["RASA_TELEMETRY_ENABLED"] = "false"

# TensorFlow, which Rasa imports, writes past every log straight to standard error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# The products of a turn are too small to share. Numpy's other thread only waits, busily: it took as
# much of a core as the turn itself (docs/decisions/0017). It reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
