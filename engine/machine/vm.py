"""The virtual machine: `run_steps` and `run_lanes` are the engine's only native entries; any thread may call them.

A training step is a list of phases in fixed order; a phase has lanes, and a lane is a list of operations. The
serial and the parallel version compute the same bits: a lane is always computed by one thread, and what lanes
share is added up in a later phase, in the order of the lanes.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from engine.machine.compiler import compile_native, native
from engine.machine.numba_extensions.intrinsics import call, load
from engine.machine.registers import (
    APPLY,
    DONE,
    LOSS,
    LOSS_SUM,
    LR,
    MICRO,
    NORM,
    NOT_FINITE,
    STEP,
    STOPPED,
    UPDATES,
)
from engine.machine.threads import one_at_a_time

numba = native()


@numba.njit(inline="always")
def run_lane(table: int, operations: int, width: int) -> None:
    for i in range(operations):
        row = table + i * width * 8
        address = load(row)  # type: ignore[call-arg, var-annotated]
        if address == 0:
            return
        call(address, row)


def steps(
    headers: np.ndarray, script: np.ndarray, clock: np.ndarray, scalars: np.ndarray, control: np.ndarray,
    rates: np.ndarray, losses: np.ndarray, norms: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Run one training step a learning rate in `rates`, or fewer; returns (steps done, why it ended).

    headers (phases, 4), script (S,): the phases of one step in order; clock, scalars: the run's counters and
    numbers; control (1,): ends the loop before the next step when not 0; losses, norms (steps,): written.
    A step whose loss or gradient norm is not finite is not applied: the parameters stay the last good ones.
    """
    for i in range(rates.size):
        if control[0] != 0:
            return i, STOPPED
        scalars[LR] = rates[i]
        clock[MICRO] = 0
        for phase in script:
            if phase == APPLY:
                losses[i] = scalars[LOSS]
                norms[i] = scalars[NORM]
                if not (np.isfinite(scalars[LOSS]) and np.isfinite(scalars[NORM])):
                    return i, NOT_FINITE
                scalars[LOSS_SUM] += scalars[LOSS]  # in the order of the steps, however chunks cut them
            table, lanes, operations, width = headers[phase]
            if lanes == 1:
                run_lane(table, operations, width)
            else:
                for lane in numba.prange(lanes):
                    run_lane(table + lane * operations * width * 8, operations, width)
        clock[STEP] += 1
        clock[UPDATES] += 1
    return rates.size, DONE


def lanes(header: np.ndarray) -> None:
    """Run the lanes of one phase (header: address, lanes, operations, width) once."""
    table, count, operations, width = header
    for lane in numba.prange(count):
        run_lane(table + lane * operations * width * 8, operations, width)


I8, F8 = "int64[::1]", "float64[::1]"
STEPS = f"UniTuple(int64, 2)(int64[:, ::1], {I8}, {I8}, {F8}, {I8}, {F8}, {F8}, {F8})"


@cache
def run_steps(parallel: bool) -> Any:
    """The compiled `steps`, serial or with lanes on Numba's threads."""
    return native_entry(steps, STEPS, parallel)


@cache
def run_lanes(parallel: bool) -> Any:
    """The compiled `lanes`: one pass over a phase, for evaluation."""
    return native_entry(lanes, f"void({I8})", parallel)


def native_entry(function: Callable[..., Any], signature: str, parallel: bool) -> Callable[..., Any]:
    compiled = compile_native(function, signature, parallel=parallel)
    return one_at_a_time(compiled) if parallel else compiled
