"""The virtual machine: lanes in order, the phases of a step, why a call ends, and who may call it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from engine.machine.kernel import KERNELS, kernel
from engine.machine.memory import Area, Tensor
from engine.machine.operation import Operation
from engine.machine.program import Phase, Program
from engine.machine.registers import (
    APPLY,
    CLOCK,
    DONE,
    LOSS,
    LOSS_SUM,
    LR,
    MICRO,
    NORM,
    NOT_FINITE,
    SCALARS,
    STEP,
    STOPPED,
    UPDATES,
)


@kernel
def note(scalars: "float64[S]", clock: "int64[C]", seen: "float64[K]", value: "int"):
    """Keeps the step and the rate, and sets loss and norm: the loss is the step's number plus `value`."""
    step = clock[0]
    seen[step] = scalars[0]
    scalars[1] = step + value
    scalars[2] = 0.5


@kernel
def break_loss(scalars: "float64[S]", clock: "int64[C]", at: "int", which: "int"):
    if clock[0] == at:
        scalars[which] = np.inf


@kernel
def append(log: "float64[K]", value: "int"):
    """Writes the value behind those that are there; log[0] counts them."""
    log[0] += 1
    log[int(log[0])] = value


for _own in ("note", "break_loss", "append"):
    KERNELS.pop(_own)


class Rig:
    """A step of two phases: one that notes, one that is only carried out where the step counts."""

    def __init__(self, *more: tuple[int, int]) -> None:
        numbers, counters = Area("numbers", np.dtype("float64")), Area("counters", np.dtype("int64"))
        self.scalars, self.clock = numbers.tensor("scalars", (SCALARS,)), counters.tensor("clock", (CLOCK,))
        self.seen, self.log = numbers.tensor("seen", (10,)), numbers.tensor("log", (40,))
        for area in (numbers, counters):
            area.allocate()
        first = [Operation.of(note, scalars=self.scalars, clock=self.clock, seen=self.seen, value=3)]
        for at, which in more:
            first.append(Operation.of(break_loss, scalars=self.scalars, clock=self.clock, at=at, which=which))
        applied = Phase("apply", [[Operation.of(append, log=self.log, value=9)]])
        empty = [Phase("empty", [[]]) for _ in range(APPLY - 1)]
        self.program = Program([Phase("first", [first]), *empty, applied], "float32")
        self.control = np.zeros(1, np.int64)

    def run(self, steps: int, parallel: bool = False) -> tuple[int, int, np.ndarray, np.ndarray]:
        from engine.machine.vm import run_steps

        rates, losses, norms = 0.1 * np.arange(1, steps + 1), np.zeros(steps), np.zeros(steps)
        done, reason = run_steps(parallel)(
            self.program.headers, np.array([0, APPLY]), self.clock.array, self.scalars.array, self.control,
            rates, losses, norms,
        )  # fmt: skip
        return done, reason, losses, norms

    @property
    def applied(self) -> int:
        return int(self.log.array[0])


@pytest.mark.parametrize("parallel", [False, True])
def test_a_step_runs_its_phases_with_its_rate_and_counts(parallel):
    rig = Rig()
    done, reason, losses, norms = rig.run(4, parallel)
    assert (done, reason) == (4, DONE)
    assert losses.tolist() == [3, 4, 5, 6]
    assert norms.tolist() == [0.5] * 4
    assert rig.seen.array[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0])
    assert rig.applied == rig.clock.array[STEP] == rig.clock.array[UPDATES] == 4
    assert rig.clock.array[MICRO] == 0
    assert rig.scalars.array[LOSS_SUM] == 18
    assert rig.scalars.array[LR] == pytest.approx(0.4)


def test_a_second_call_goes_on_where_the_first_ended():
    rig = Rig()
    rig.run(2)
    assert rig.run(1)[2].tolist() == [5]
    assert rig.scalars.array[LOSS_SUM] == 12


@pytest.mark.parametrize("which", [LOSS, NORM])
def test_a_step_that_is_not_finite_is_not_applied(which):
    rig = Rig((2, which))
    done, reason, losses, norms = rig.run(5)
    assert (done, reason) == (2, NOT_FINITE)
    assert rig.applied == rig.clock.array[STEP] == 2
    assert np.isinf((losses if which == LOSS else norms)[2]), "what was wrong can be told"
    assert rig.scalars.array[LOSS_SUM] == 7


def test_the_control_word_ends_a_call_before_its_next_step():
    rig = Rig()
    rig.control[0] = 1
    assert rig.run(3)[:2] == (0, STOPPED)
    assert rig.applied == 0


@pytest.mark.parametrize("parallel", [False, True])
def test_a_lane_runs_in_order_and_ends_with_its_own_operations(parallel):
    from engine.machine.vm import run_lanes

    area = Area("logs", np.dtype("float64"))
    logs = [area.tensor(f"log{lane}", (12,)) for lane in range(5)]
    area.allocate()
    lanes = [[Operation.of(append, log=log, value=v) for v in range(1, 3 + i)] for i, log in enumerate(logs)]
    program = Program([Phase("lanes", lanes)], "float32")
    run_lanes(parallel)(program.headers[0])
    for i, log in enumerate(logs):
        assert log.array[: 3 + i].tolist() == [2 + i, *range(1, 3 + i)]
        assert not log.array[3 + i :].any()


def test_a_phase_without_operations_does_nothing():
    from engine.machine.vm import run_lanes

    for phase in (Phase("none", [[]]), Phase("none", [])):
        run_lanes(False)(Program([phase], "float32").headers[0])


TWO_THREADS = """
import threading, time
import numba  # before the engine had a chance to say how
import numpy as np
from engine.kernels.branches import add_gradient
from engine.machine.memory import Area
from engine.machine.operation import Operation
from engine.machine.program import Phase, Program
from engine.machine.vm import run_lanes

area = Area("work", np.dtype("float32"))
lanes = []
for lane in range(4):
    x = area.tensor(f"x{lane}", (500_000,))
    y = area.tensor(f"y{lane}", (500_000,), x)
    lanes.append([Operation.of(add_gradient, fork=y, dx=x)])
area.allocate()
run = run_lanes(True)
programs = [Program([Phase("add", lanes)], "float32") for _ in range(2)]
end = time.monotonic() + 1.0

def work(program):
    while time.monotonic() < end:
        run(program.headers[0])

threads = [threading.Thread(target=work, args=(program,)) for program in programs]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("both came through", numba.threading_layer())
"""


def test_two_threads_that_enter_the_thread_pool_at_once_do_not_abort_the_process():
    result = subprocess.run(
        [sys.executable, "-c", TWO_THREADS], capture_output=True, text=True,
        env=os.environ | {"NUMBA_NUM_THREADS": "2"},
    )  # fmt: skip
    assert result.stdout == "both came through workqueue\n", result.stderr[-500:]


def test_a_tensor_of_a_program_may_be_written_between_two_calls():
    from engine.machine.vm import run_lanes

    area = Area("logs", np.dtype("float64"))
    log: Tensor = area.tensor("log", (4,))
    area.allocate()
    program = Program([Phase("append", [[Operation.of(append, log=log, value=7)]])], "float32")
    run_lanes(False)(program.headers[0])
    log.array[0] = 2
    run_lanes(False)(program.headers[0])
    assert log.array.tolist() == [3, 7, 0, 7]
