"""What tests of kernels, layers, losses and optimizers share: plans that run natively, and finite differences."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.builder import Builder, IOSpec, Parameter, Role
from engine.initializers import Zeros
from engine.layers import Layer
from engine.losses import Loss
from engine.machine.memory import Memory, shared
from engine.machine.operation import Operation
from engine.machine.program import Phase, Program
from engine.machine.registers import BATCH, FIRST, LR, SAMPLES, SEED, SHARD, SHARD_INFO, SHARDS, UPDATES
from engine.network import NetworkSpec, initialize, lay_out
from engine.optimizers import Optimizer
from engine.update import Update
from helpers.golden import PRECISION, relative_error

STEP = 1e-5  # of finite differences in float64


def run(operations: list[Operation], dtype: np.dtype) -> Callable[[], None]:
    """A function that runs the operations natively, in order."""
    from engine.machine.vm import run_lanes

    program = Program([Phase("test", [operations])], dtype.name)
    return lambda: run_lanes(False)(program.headers[0])


class LayerRig:
    """Layers planned for one shard of a batch, between an input and a gradient that the test sets.

    `shape` is that of the input, with the rows; `first` and `batch` say which rows of the batch these are.
    """

    def __init__(
        self,
        layers: list[Layer],
        shape: tuple[int, ...],
        *,
        dtype: str = "float64",
        outputs: int = 3,
        training: bool = True,
        guarded: bool = False,
        data: bool = False,
        shards: int = 1,
        first: int = 0,
        batch: int | None = None,
        vocabulary: tuple[int, ...] = (),
    ) -> None:
        self.memory = Memory(dtype, guarded)
        io = IOSpec(shape[1:], outputs, vocabulary=vocabulary)
        sketch = Builder(Memory(dtype), "outline", io)
        sketch.sequence(layers, sketch.input(shape))
        self.network = NetworkSpec(tuple(sketch.declared.values()), tuple(sketch.blocks))
        lay_out(self.memory, self.network)
        gradients = self.memory.add(self.memory.area("parameters").like("gradients")).tensors
        net = self.net = Builder(self.memory, "shard0", io, gradients if training else None)
        shard_info = [0] * SHARD_INFO
        shard_info[SHARD], shard_info[SHARDS], shard_info[FIRST], shard_info[BATCH] = (
            0,
            shards,
            first,
            batch or shape[0],
        )
        self.memory.first_values[net.shard_info.name] = tuple(shard_info)
        self.clock = net.clock
        self.x = net.input(shape) if data else replace(net.tensor("input", shape), vocabulary=vocabulary)
        self.y = net.sequence(layers, self.x)
        self.memory.allocate()
        initialize(self.memory, self.network, 1)
        self.clock.array[SEED], self.clock.array[SAMPLES] = 7, batch or shape[0]
        self.forward = run(net.forward, self.memory.dtype)
        self.after = run(net.after, self.memory.dtype)
        self._backward = run(net.backward, self.memory.dtype)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        self.x.array[...] = x
        self.forward()
        return self.y.array.copy()

    def backward(self, dy: np.ndarray) -> None:
        """After a forward pass: the gradients of parameters and input for a gradient of the output."""
        assert self.y.gradient is not None
        self.y.gradient.array[...] = dy
        self._backward()

    def tensors(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """(values, gradient) of the input and of each parameter, by name."""
        parameters, gradients = self.memory.areas["parameters"], self.memory.areas["gradients"]
        found = {p: (parameters.tensors[p].array, gradients.tensors[p].array) for p in parameters.tensors}
        if self.x.gradient is not None:
            found["input"] = (self.x.array, self.x.gradient.array)
        return found

    def gradient_error(self, x: np.ndarray) -> float:
        """The largest relative error of any gradient against central differences of Σ y·c, c random."""
        rng = np.random.default_rng(3)
        for values, _ in self.tensors().values():
            values[...] = rng.normal(size=values.shape)
        self.x.array[...] = x
        c = rng.normal(size=self.y.shape)
        self.forward()
        self.backward(c)
        analytic = {name: gradient.copy() for name, (_, gradient) in self.tensors().items()}

        def objective() -> float:
            self.forward()
            return float((self.y.array * c).sum())

        errors = []
        for name, (values, _) in self.tensors().items():
            errors.append(relative_error(analytic[name], differences(values, objective), 1e-2))
        return max(errors, default=0.0)


def compare(layers: list[Layer], case: dict[str, np.ndarray], dtype: str) -> LayerRig:
    """Output and all gradients of the case, the parameters being those of the case."""
    rig = LayerRig(layers, case["x"].shape, dtype=dtype)
    for name in rig.tensors():
        if name != "input":
            rig.memory[name][...] = case[name]
    assert relative_error(rig.outputs(case["x"]), case["y"]) < PRECISION[dtype]
    rig.backward(case["dy"])
    for name, (_, gradient) in rig.tensors().items():
        expected = case["dx"] if name == "input" else case[f"d {name}"]
        assert relative_error(gradient, expected) < PRECISION[dtype], name
    return rig


def differences(values: np.ndarray, objective: Callable[[], float]) -> np.ndarray:
    """Central differences of the objective with respect to each of the values."""
    result = np.empty(values.shape)
    for place in np.ndindex(values.shape):
        kept = values[place]
        values[place] = kept + STEP
        above = objective()
        values[place] = kept - STEP
        below = objective()
        values[place] = kept
        result[place] = (above - below) / (2 * STEP)
    return result


class LossRig:
    """A loss over outputs and targets that the test sets; `batch` counts the rows of all shards."""

    def __init__(
        self,
        loss: Loss,
        outputs: int,
        targets: np.ndarray,
        dtype: str = "float64",
        batch: int | None = None,
        guarded: bool = False,
    ) -> None:
        self.memory = Memory(dtype, guarded)
        net = Builder(self.memory, "shard0", IOSpec((), outputs), {})
        shard_info = [0] * SHARD_INFO
        shard_info[SHARDS], shard_info[BATCH] = 1, batch or len(targets)
        self.memory.first_values[net.shard_info.name] = tuple(shard_info)
        self.z = net.tensor("z", (len(targets), outputs))
        t = net.workspace.tensor("t", targets.shape)
        self.t = replace(t, vocabulary=(max(outputs, 2),), least=min(0, int(np.min(targets, initial=0))))
        self.loss = shared(self.memory, "losses", np.float64, 1)
        loss.plan(net, self.z, self.t, self.loss)
        self.memory.allocate()
        initialize(self.memory, NetworkSpec((), ()), 1)
        self.t.array[...] = targets
        self.run = run(net.forward, self.memory.dtype)

    def value(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and the gradient of z."""
        assert self.z.gradient is not None
        self.z.array[...] = z
        self.run()
        return float(self.loss.array[0]), self.z.gradient.array.copy()

    def gradient_error(self, z: np.ndarray) -> float:
        _, analytic = self.value(z)

        def objective() -> float:
            self.run()
            return float(self.loss.array[0])

        return relative_error(analytic, differences(self.z.array, objective))


class OptimizerRig:
    """An optimizer over parameters whose gradients the test sets.

    Names that end in "weight" are hidden weights, but for the last of them, the head.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        first: dict[str, np.ndarray],
        dtype: str = "float64",
        guarded: bool = False,
    ) -> None:
        self.optimizer = optimizer
        self.memory = Memory(dtype, guarded)
        *hidden, head = [n for n in first if n.endswith("weight")] or [""]
        roles = dict.fromkeys(hidden, Role.HIDDEN) | {head: Role.HEAD}
        declared = [Parameter(n, a.shape, Zeros(), roles.get(n, Role.BIAS)) for n, a in first.items()]
        network = NetworkSpec(tuple(sorted(declared, key=lambda p: not p.decay)), ())
        lay_out(self.memory, network)
        self.memory.add(self.memory.areas["parameters"].like("gradients"))
        update = Update(self.memory, network, whole=optimizer.whole(network))
        optimizer.plan(update)
        self.memory.allocate()
        initialize(self.memory, network, 1)
        for name, array in first.items():
            self.parameter(name)[...] = array
        self.clock, self.scalars = update.clock.array, update.scalars.array
        self.lanes = [run(lane, self.memory.dtype) for lane in update.apply.lanes]

    def parameter(self, name: str) -> np.ndarray:
        return self.memory.areas["parameters"].tensors[name].array

    def step(self, gradients: dict[str, np.ndarray], lr: float | None = None) -> None:
        for name, gradient in gradients.items():
            self.memory.areas["gradients"].tensors[name].array[...] = gradient
        self.scalars[LR] = self.optimizer.lr if lr is None else lr
        for lane in self.lanes:
            lane()
        self.clock[UPDATES] += 1


def damage(memory: Memory) -> list[str]:
    """The tensors behind which something was written, in all areas."""
    return [name for area in memory for name in area.damaged_guards()]
