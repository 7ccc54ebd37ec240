"""Builder: what layers ask for while they plan one replica of the network into operations over memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import numpy as np

from engine.errors import InputError
from engine.initializers import Initializer
from engine.kernels.branches import add_gradient
from engine.machine.kernel import Kernel
from engine.machine.memory import Memory, Tensor, shared
from engine.machine.operation import Operation
from engine.machine.registers import CLOCK, SHARD_INFO

Shape = tuple[int, ...]


@dataclass(frozen=True)
class IOSpec:
    """What a network must fit: the shape of an input row, and how many outputs at how many positions."""

    input_shape: Shape
    outputs: int
    positions: int = 1  # of a row at which something is predicted: of text each one
    vocabulary: tuple[int, ...] = ()  # how many kinds a whole-numbered input has: one number, or one a column


class Role(StrEnum):
    """What a parameter is for: optimizers, weight decay and pictures go by it."""

    HIDDEN = "hidden"  # weights between two layers
    HEAD = "head"  # weights of the layer that gives the network's outputs
    EMBEDDING = "embedding"  # a vector, or a number, for each token, user or item
    POSITION = "position"  # a vector for each position
    BIAS = "bias"
    NORM = "norm"  # gain and bias of a norm

    @property
    def decays(self) -> bool:
        """Whether weight decay and penalties apply: to weights, not to biases and norms."""
        return self not in (Role.BIAS, Role.NORM)


@dataclass(frozen=True)
class Parameter:
    """What a layer said about a parameter when it named it."""

    name: str
    shape: Shape
    initializer: Initializer
    role: Role

    @property
    def decay(self) -> bool:
        return self.role.decays


class Plannable(Protocol):
    """What the builder must know of a layer; see `engine.layers.base.Layer`."""

    transparent: ClassVar[bool]
    computes: ClassVar[bool]
    feature_maps: ClassVar[bool]
    image_filters: ClassVar[bool]

    @classmethod
    def tag(cls) -> str: ...

    @property
    def streams(self) -> bool: ...

    @property
    def activates(self) -> Any: ...

    def plan(self, net: "Builder", x: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Block:
    """One layer as a person sees it."""

    name: str
    layer: Plannable
    output: Tensor
    parameters: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """The output's shape without the batch."""
        return self.output.shape[1:]


class Builder:
    """What layers ask for while they plan; one builder plans one copy of the network.

    A copy that trains has `gradients`. A `streaming` one sees a single position at a time and remembers what came
    before in its states.
    """

    def __init__(
        self,
        memory: Memory,
        workspace: str,
        io: IOSpec,
        gradients: Mapping[str, Tensor] | None = None,
        streaming: bool = False,
    ) -> None:
        self.memory = memory
        self.io = io
        self.training = gradients is not None
        self.streaming = streaming
        self.gradients = gradients or {}
        self.workspace = memory.area(workspace)
        self.workspace_gradients = memory.area(f"{workspace}.gradients")
        self.declared: dict[str, Parameter] = {}
        self.forward: list[Operation] = []
        self.backward: list[Operation] = []
        self.after: list[Operation] = []
        self.blocks: list[Block] = []
        self.tables: dict[str, Tensor] = {}  # parameters that a later layer may use too, by name
        self.scored: float | None = (
            None  # targets of a row that count, where the loss is not over all of them
        )
        self.shard_info = self.memory.area("lanes", np.int64).tensor(workspace, (SHARD_INFO,))
        self._scope: list[str] = []
        self._path: list[str] = []
        self.following: Sequence[Plannable] = ()  # in the sequence, behind the layer that is being planned
        self._streams = 0

    # -- names --------------------------------------------------------------------------------------------

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        self._scope.append(name)
        yield
        self._scope.pop()

    def name(self, name: str) -> str:
        return ".".join([part for part in self._scope if part] + [name])

    # -- the run ------------------------------------------------------------------------------------------

    @property
    def outputs(self) -> int:
        """How many numbers the loss needs at a position."""
        return self.io.outputs

    @property
    def clock(self) -> Tensor:
        """The run's counters; kernels read them, only the update changes them."""
        return shared(self.memory, "clock", np.int64, CLOCK)

    @property
    def position(self) -> Tensor:
        """Where in the sequence a streaming copy is; set by whoever runs it, 0 in any other."""
        places = self.io.input_shape[0] if self.streaming else 1
        return replace(shared(self.memory, "position", np.int64, 1), vocabulary=(places,))

    @property
    def at_end(self) -> bool:
        """Whether the layer that is being planned gives the network's outputs: only transparent ones follow."""
        return len(self._path) == 1 and all(layer.transparent for layer in self.following)

    def context(self, x: Tensor) -> int:
        """How many positions (N, T, …) has, also where only one of them is seen at a time."""
        return self.io.input_shape[0] if self.streaming else x.shape[1]

    # -- tensors ------------------------------------------------------------------------------------------

    def parameter(self, name: str, shape: Shape, initializer: Initializer, role: Role) -> Tensor:
        """A trained tensor and its gradient."""
        name = self.name(name)
        self.declared[name] = Parameter(name, shape, initializer, role)
        area = self.memory.area("parameters")
        tensor = area.tensors[name] if name in area.tensors else area.tensor(name, shape)
        return Tensor(area, name, tensor.offset, shape, self.gradients.get(name))

    def statistic(self, name: str, shape: Shape, value: float = 0.0) -> Tensor:
        """A tensor that is kept and saved, but not trained (a running mean); begins with `value`."""
        name = self.name(name)
        area = self.memory.area("statistics")
        if name not in area.tensors:
            area.tensor(name, shape)
            self.memory.first_values[name] = value
        return area.tensors[name]

    def hyper(self, name: str, *values: float) -> Tensor:
        """Numbers that an edit may change while the network learns: float64, by the field's name."""
        name = self.name(name)
        area = self.memory.area("hyper", np.float64)
        if name not in area.tensors:
            area.tensor(name, (len(values),))
            self.memory.first_values[name] = values
        return area.tensors[name]

    def constant(self, name: str, values: np.ndarray) -> Tensor:
        """Numbers of the run's element type that never change."""
        name = self.name(name)
        area = self.memory.area("constants")
        if name not in area.tensors:
            area.tensor(name, values.shape)
            self.memory.first_values[name] = values
        return area.tensors[name]

    def tensor(self, name: str, shape: Shape) -> Tensor:
        """An activation and, in training, its gradient."""
        name = self.name(name)
        gradient = self.workspace_gradients.tensor(name, shape) if self.training else None
        return self.workspace.tensor(name, shape, gradient)

    def input(self, shape: Shape) -> Tensor:
        """The rows that the network is given, with what the data says of their numbers."""
        x = self.workspace.tensor(self.name("input"), shape)
        return replace(x, vocabulary=self.io.vocabulary)

    def elementwise(self, name: str, x: Tensor) -> Tensor:
        """An activation of the shape of `x` that shares its gradient: backward kernels work in place."""
        return self.workspace.tensor(self.name(name), x.shape, x.gradient)

    def scratch(self, name: str, shape: Shape) -> Tensor:
        """Room for a kernel to work in or to keep something for its backward pass."""
        return self.workspace.tensor(self.name(name), shape)

    def state(self, name: str, shape: Shape, dtype: Any = None) -> Tensor:
        """What a streaming copy remembers from one position to the next; zero before the first."""
        return self.memory.area(f"{self.workspace.name}.state{dtype or ''}", dtype).tensor(
            self.name(name), shape
        )

    def flat(self, x: Tensor) -> Tensor:
        """`x` seen as (N, I)."""
        return x if len(x.shape) == 2 else x.reshaped((x.shape[0], x.size // x.shape[0]))

    def gradient(self, x: Tensor) -> Tensor:
        """The gradient of `x`; one without rows when nobody needs it (the data)."""
        if x.gradient is not None or not self.training:
            return x.gradient or x
        return Tensor(self.workspace, "none", 0, (0, *x.shape[1:]))

    def nothing(self) -> Tensor:
        """A tensor without values, where a kernel may do without one."""
        return Tensor(self.workspace, "none", 0, (0,))

    def vocabulary_of(self, x: Tensor) -> Shape:
        """How many different numbers each column of `x` may hold, 0 … V − 1; one entry where all columns share
        it, 0 for a column of quantities; empty where nothing is known (what layers computed).

        Only the data knows, and what is picked from it: `x.vocabulary` says so.
        """
        return x.vocabulary

    def stream(self) -> int:
        """A number of its own for each use of random numbers in the network."""
        self._streams += 1
        return self._streams

    def fork(self, x: Tensor) -> Tensor:
        """`x` for a second use: the same values with a gradient of their own, which is added to that of `x`."""
        if x.gradient is None:
            return x
        gradient = self.workspace_gradients.tensor(self.name("fork"), x.shape)
        fork = replace(x, gradient=gradient)
        self.op(None, add_gradient, fork=fork, x=x)
        return fork

    # -- operations ---------------------------------------------------------------------------------------

    def op(self, forward: Kernel | None, backward: Kernel | None, **operands: Tensor | int) -> None:
        """Emit a forward operation and, in training, the backward one; `dx` means the gradient of `x`."""
        if forward is not None:
            self.forward.append(Operation.of(forward, **operands))
        if self.training and backward is not None:
            self.backward.insert(0, Operation.of(backward, **operands))

    def once(self, kernel: Kernel, **operands: Tensor | int) -> None:
        """Emit an operation that runs after all shards, one shard after the other (running statistics)."""
        if self.training:
            self.after.append(Operation.of(kernel, **operands))

    def sequence(self, layers: Sequence[Plannable], x: Tensor, field: str = "model") -> Tensor:
        """Plan layers one after the other, each in a scope of its own name ("dense1"); `field` holds them."""
        for i, layer in enumerate(layers):
            before = set(self.declared)
            self._path.append(f"{field}.{i}")
            with self.scope(f"{layer.tag()}{i + 1}"):
                self.following = layers[i + 1 :]
                try:
                    if self.streaming and not layer.streams:
                        raise ValueError("cannot see one position at a time")
                    x = layer.plan(self, x)
                except ValueError as error:
                    raise InputError(f"{'.'.join(self._path)} ({layer.tag()}): {error}") from None
                full_name = self.name("")[:-1]
            self._path.pop()
            added = tuple(n for n in self.declared if n not in before)
            self.blocks.append(Block(full_name, layer, x, added))
        return x
