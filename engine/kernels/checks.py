"""Checks of the checked mode: a check that fails ends its lane before the kernel that it stands in front of.

`fault` gets 1 and the value that was found; `stop` is the address in the row that follows, and 0 there ends a lane.
"""

import numpy as np

from engine.machine.kernel import kernel


@kernel
def check_reals(values: "N,K", below: "int64[B]", fault: "float64[2]", stop: "int64[1]", least: "int"):
    """Whether the values are whole numbers from `least` to below − 1, with one bound or one a column."""
    last = below.size - 1
    for n in range(values.shape[0]):
        for k in range(values.shape[1]):
            value = values[n, k]
            if not (value >= least and value < below[min(k, last)] and value == np.floor(value)):
                fault[0], fault[1] = 1.0, value
                stop[0] = 0
                return


@kernel
def check_numbers(
    values: "int64[N,K]", below: "int64[B]", fault: "float64[2]", stop: "int64[1]", least: "int"
):
    last = below.size - 1
    for n in range(values.shape[0]):
        for k in range(values.shape[1]):
            value = values[n, k]
            if not least <= value < below[min(k, last)]:
                fault[0], fault[1] = 1.0, value
                stop[0] = 0
                return


@kernel
def check_guard(words: "int64[W]", fault: "float64[2]", stop: "int64[1]", guard: "int"):
    """Whether nothing was written where only guard words stand."""
    for w in range(words.size):
        if words[w] != guard:
            fault[0], fault[1] = 1.0, w
            stop[0] = 0
            return
