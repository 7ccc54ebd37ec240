"""Threads of native code: how many there may be, and the one door into Numba's pool."""

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

_pool = threading.Lock()


def one_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, entered by one thread at a time: Numba's pool aborts the process when a second one enters it."""

    @wraps(function)
    def enter(*arguments: Any) -> Any:
        with _pool:
            return function(*arguments)

    return enter


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
