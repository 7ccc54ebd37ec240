"""The native entries of the virtual machine; importing this imports no Numba."""

from collections.abc import Callable
from typing import Any


def entry(name: str, parallel: bool) -> Callable[..., Any]:
    """A native entry of the virtual machine ("run_steps" or "run_lanes"), compiled; imports Numba."""
    from engine.machine import vm

    compiled: Callable[..., Any] = getattr(vm, name)(parallel)
    return compiled
