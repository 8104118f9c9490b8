"""What goes into the log: causes for administrators, never the text of a message."""

from __future__ import annotations

import logging
import os
import warnings

import structlog

_TALKATIVE = ("rasa", "apscheduler", "matplotlib", "tensorflow", "sanic.root", "asyncio", "h5py")


def configure_logging(level: int = logging.INFO) -> None:
    """Set up the log of this process.

    Rasa's structured log writes message texts at the levels debug and info, so only its warnings
    are let through.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    # deprecations inside Rasa's pinned dependencies; nothing that anyone here can mend
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*Slot auto-fill.*")
    warnings.filterwarnings("ignore", message=".*Deprecated API features detected.*")
