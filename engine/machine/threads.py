"""Threads of native code: how many there may be, and that only one caller at a time uses them."""

import os
import threading
from collections.abc import Callable

ENGINE = threading.Lock()  # Numba's thread pool aborts the process when two threads enter it


def entry(name: str, parallel: bool) -> Callable:
    """A native entry of the virtual machine, compiled."""
    from engine.machine import vm

    return getattr(vm, name)(parallel)


def limit_threads(threads: int) -> None:
    """Let native code that this thread calls use at most `threads` threads."""
    import numba

    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(threads, most))


def available_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
