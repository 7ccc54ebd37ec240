"""Network: the layers of an experiment traced once, for counting, showing and laying out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from engine.builder import Block, Builder, IOSpec, Parameter, Plannable, Shape
from engine.errors import InputError
from engine.machine.memory import Memory

INITIALIZATION_STREAM = 1


@dataclass(frozen=True)
class NetworkSpec:
    """A network without memory: its parameters and blocks, for counting, showing and laying out."""

    parameters: tuple[Parameter, ...]
    blocks: tuple[Block, ...]
    multiplications: int = 0  # multiplications forward, a row

    @property
    def shapes(self) -> dict[str, Shape]:
        """The parameters' names and shapes: what two networks must share to exchange parameters."""
        return {p.name: p.shape for p in self.parameters}

    @property
    def size(self) -> int:
        """How many numbers are trained."""
        return sum(prod(p.shape) for p in self.parameters)


def trace(layers: Sequence[Plannable], io: IOSpec, dtype: str = "float32") -> NetworkSpec:
    """Plan the layers for one row, allocating nothing. Raises InputError where a layer does not fit."""
    builder = Builder(Memory(dtype), "outline", io)
    result = builder.sequence(layers, builder.input((1, *io.input_shape)))
    if result.size != io.outputs * io.positions:
        raise InputError(f"model: the last layer gives {result.size} outputs, {needed(io)}")
    # What decays stands first, so that an optimizer meets two long stretches and not many short ones.
    parameters = sorted(builder.declared.values(), key=lambda p: not p.decay)
    multiplications = sum(operation.multiplications() for operation in builder.forward)
    return NetworkSpec(tuple(parameters), tuple(builder.blocks), multiplications)


def needed(io: IOSpec) -> str:
    """What the loss and the data need, and how a model gives it."""
    if io.positions == 1:
        return f"the loss and the data need {io.outputs}; leave out its units"
    return (
        f"the loss and the data need {io.outputs} at each of {io.positions} positions; "
        'end with { layer = "dense", over = "position" } without units'
    )


def lay_out(memory: Memory, network: NetworkSpec) -> None:
    """Give every parameter its place in the area "parameters"."""
    for parameter in network.parameters:
        memory.area("parameters").tensor(parameter.name, parameter.shape)


def initialize(memory: Memory, network: NetworkSpec, seed: int) -> None:
    """Draw the parameters, each from a generator of its own, and set statistics, numbers and constants."""
    for i, parameter in enumerate(sorted(network.parameters, key=lambda p: p.name)):
        rng = np.random.default_rng([seed, INITIALIZATION_STREAM, i])
        memory[parameter.name][...] = parameter.initializer.draw(rng, parameter.shape)
    memory.set_first_values()
