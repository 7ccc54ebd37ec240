"""Evaluator: the forward pass without training, over arrays of any length, with parameters of its own."""

import numpy as np

from engine.builder import Builder, IOSpec
from engine.data import Dataset
from engine.data.preparation.indices import check_indices
from engine.experiment import Experiment
from engine.machine.memory import Memory
from engine.machine.program import Phase, Program
from engine.metrics import measured
from engine.network import NetworkSpec, initialize, lay_out

BLOCK = 256  # rows a forward pass, at most
BLOCK_NUMBERS = 2**22  # what a pass may write: beyond the cache, more rows at once gain nothing


class Evaluator:
    """Computes outputs for inputs, `rows` at a time, with a copy of parameters and statistics that `load` sets."""

    def __init__(
        self, experiment: Experiment, network: NetworkSpec, io: IOSpec, rows: int | None = None
    ) -> None:
        self.memory = Memory(experiment.training.precision)
        lay_out(self.memory, network)
        self.network, self.vocabulary = network, io.vocabulary
        self.block = rows or block_rows(experiment, io)
        net = Builder(self.memory, "evaluation", io)
        self.x = net.input((self.block, *io.input_shape))
        self.z = net.sequence(experiment.model, self.x)
        self.builder = net
        self.phase = Phase("evaluate", [net.forward])
        self._program: Program | None = None

    def compile(self) -> None:
        """Allocate and make the table; compiles what is not compiled yet."""
        if self._program is None:
            self.memory.allocate()
            initialize(self.memory, self.network, 0)
            self._program = Program([self.phase], self.memory.dtype.name)

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Copy parameters and statistics by name."""
        self.compile()
        for area in ("parameters", "statistics"):
            if area in self.memory.areas:
                for name, tensor in self.memory.areas[area].tensors.items():
                    tensor.array[...] = arrays[name]

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The network's outputs (R, …) for inputs (R, …). Raises InputError where an index is out of range."""
        from engine.machine.vm import run_lanes

        check_indices(x, self.vocabulary, "the inputs")
        self.compile()
        assert self._program is not None
        run = run_lanes(False)
        z = np.empty((len(x), *self.z.shape[1:]), self.memory.dtype)
        for start in range(0, len(x), self.block):
            rows = min(self.block, len(x) - start)
            self.x.array[:rows] = x[start : start + rows]
            run(self._program.headers[0])
            self._program.raise_faults()
            z[start : start + rows] = self.z.array[:rows]
        return z


def block_rows(experiment: Experiment, io: IOSpec) -> int:
    """How many rows a pass takes: a function of the experiment alone, because it decides the bits."""
    net = Builder(Memory(experiment.training.precision), "row", io)
    net.sequence(experiment.model, net.input((1, *io.input_shape)))
    rows = BLOCK
    while rows > 1 and rows * net.workspace.size > BLOCK_NUMBERS:
        rows //= 2
    return rows


def evaluate(
    experiment: Experiment, dataset: Dataset, evaluator: Evaluator, split: str
) -> tuple[float | None, dict[str, float]]:
    """Mean loss and metrics on a split: metrics of a regression are in the target's own units."""
    rows = dataset.measured(split)
    if not len(rows):
        return None, {}
    z = evaluator.outputs(rows.x)
    loss = float(np.mean(experiment.loss.values(z, rows.y)))
    targets, baselines = rows.y, rows.baselines
    if dataset.task.predicts_numbers:
        back = dataset.pipeline.target_to_original
        z, targets, baselines = back(z), back(targets), {name: back(g) for name, g in baselines.items()}
    return loss, measured(dataset.measured_by(experiment.training.metrics), z, targets, baselines)
