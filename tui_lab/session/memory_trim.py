"""MemoryTrim: a session that runs for days holds no more than it needs."""

import ctypes
import gc
import sys
import time

GIVE_BACK_SECONDS = 20.0


class MemoryTrim:
    """Keeps the collector's work small, and now and then returns freed memory to the system.

    Chunks of steps need arrays of all sizes for a moment, between small ones that stay; the C library keeps the
    holes.
    """

    def __init__(self) -> None:
        self._last = time.monotonic()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
        self._trim = trim  # glibc's; elsewhere there is nothing to do

    def settle(self) -> None:
        """All is loaded. Python collects its oldest cycles only when a quarter as many objects have joined them as
        the last whole collection left: without what will stay anyway, that is soon and quick."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.collect()  # now it left nothing; freezing alone does not change what is remembered of the one before

    def give_back(self) -> None:
        """Return what is free, if it is time again."""
        now = time.monotonic()
        if self._trim is not None and now - self._last >= GIVE_BACK_SECONDS:
            self._trim(0)
            self._last = now
