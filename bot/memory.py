"""Memory that only the start needed is given back to the machine."""

from __future__ import annotations

import ctypes
import gc


def tidy_up() -> None:
    """Free what is left over from loading, and never look through the rest for garbage again.

    Reading model and knowledge base takes 70 MB that the C library (glibc) would keep for itself.
    What is loaded by now stays until the end: to leave it out makes each collection a short one.
    """
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
