"""Thrift: a session that runs for days gives back what it no longer holds."""

import ctypes
import sys
import time

GIVE_BACK_SECONDS = 20.0


class Thrift:
    """Now and then returns freed memory to the system.

    Chunks of steps need arrays of all sizes for a moment, between small ones that stay; the C library keeps the
    holes.
    """

    def __init__(self) -> None:
        self._last = time.monotonic()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
        self._trim = trim  # glibc's; elsewhere there is nothing to do

    def give_back(self) -> None:
        """Return what is free, if it is time again."""
        now = time.monotonic()
        if self._trim is not None and now - self._last >= GIVE_BACK_SECONDS:
            self._trim(0)
            self._last = now
