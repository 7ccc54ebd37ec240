"""Evaluator: the forward pass without training, over arrays of any length, with parameters of its own."""

import numpy as np

from engine.experiment import Experiment
from engine.memory import Memory
from engine.network import Builder, Outline, initialise, lay_out
from engine.program import Phase, Program

BLOCK = 256  # rows a forward pass; fixed, because it decides the bits


class Evaluator:
    """Computes outputs for inputs, with a copy of parameters and statistics that `load` sets."""

    def __init__(
        self,
        experiment: Experiment,
        outline: Outline,
        input_shape: tuple[int, ...],
        units: int,
        vocabulary: tuple[int, ...] = (),
    ) -> None:
        self.memory = Memory(experiment.training.precision)
        lay_out(self.memory, outline)
        self.outline = outline
        net = Builder(self.memory, "evaluation", units, vocabulary=vocabulary)
        self.x = net.work.tensor("input", (BLOCK, *input_shape))
        self.z = net.sequence(experiment.model, self.x)
        self.builder = net
        self.phase = Phase("evaluate", [net.forward])
        self._program: Program | None = None

    def compile(self) -> None:
        """Allocate and make the table; compiles what is not compiled yet."""
        if self._program is None:
            self.memory.allocate()
            initialise(self.memory, self.outline, 0)
            self._program = Program([self.phase], self.memory.dtype.name)

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Copy parameters and statistics by name."""
        self.compile()
        for area in ("parameters", "statistics"):
            if area in self.memory.areas:
                for name, tensor in self.memory.areas[area].tensors.items():
                    tensor.array[...] = arrays[name]

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The network's outputs (R, C) for inputs (R, …)."""
        from engine.vm import run_lanes

        self.compile()
        assert self._program is not None
        run = run_lanes(False)
        parts = []
        for start in range(0, len(x), BLOCK):
            block = x[start : start + BLOCK]
            self.x.array[: len(block)] = block
            run(self._program.headers[0])
            parts.append(self.z.array[: len(block)].copy())
        return np.concatenate(parts) if parts else np.empty((0, *self.z.shape[1:]), self.memory.dtype)
