"""Waiting for what other threads and processes do, however slow the machine is."""

import time
from collections.abc import Callable

PATIENCE = 60.0  # seconds: only a fault waits so long


def until(condition: Callable[[], object]) -> float:
    """Wait until something holds; the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began
