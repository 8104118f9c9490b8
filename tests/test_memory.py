"""What only the start needed is given back."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

from bot.memory import tidy_up


def test_what_is_loaded_is_no_longer_looked_through_for_garbage() -> None:
    try:
        tidy_up()
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


def test_numpy_computes_in_one_thread() -> None:
    """A second one would wait busily for the next small product (docs/decisions/0017)."""
    program = (
        "import bot, numpy, threadpoolctl; "
        "print(*(pool['num_threads'] for pool in threadpoolctl.threadpool_info() "
        "if pool['internal_api'] == 'openblas'))"
    )
    unset = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    run = [sys.executable, "-c", program]
    threads = subprocess.run(run, env=unset, capture_output=True, text=True, check=True).stdout
    assert set(threads.split()) <= {"1"}
