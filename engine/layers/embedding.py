"""Embedding, positions, and the way back from vectors to scores of tokens."""

from typing import Annotated, Literal

import numpy as np

from engine.builder import Builder, Role
from engine.hyper import hyper
from engine.initializers import Initializer, Normal
from engine.kernels import embedding as kernels
from engine.layers.base import Layer
from engine.layers.dense import linear
from engine.machine.memory import Tensor

TABLE = "embedding"  # under which name a later layer finds the table


class Embedding(Layer, tag="embedding"):
    """A trained vector for each token: numbers (N, T) become (N, T, D)."""

    units: Annotated[int, hyper("length of a vector; 0: as many as the loss needs", ge=0, le=65_536)] = 64
    vocabulary: Annotated[int, hyper("vocabulary size; 0: from the data", ge=0)] = 0
    initializer: Annotated[Initializer, hyper("initializer of the vectors")] = Normal(std=0.02)

    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        known = net.vocabulary_of(x)
        if not known:
            raise ValueError("needs numbers of tokens, its input holds measurements; expected a text")
        if not all(known):
            raise ValueError(
                "needs numbers of tokens, some columns of its input hold measurements; "
                'pick a column with { layer = "select", column = … } before it'
            )
        tokens, units = self.vocabulary or max(known), self.units or net.outputs
        if tokens < max(known):
            raise ValueError(
                f"vocabulary = {tokens}: the data has {max(known)} tokens; leave it out or make it larger"
            )
        table = net.parameter("weight", (tokens, units), self.initializer, Role.EMBEDDING)
        net.tables[TABLE] = table
        y = net.tensor("output", (*x.shape, units))
        if table.gradient is not None:
            net.op(kernels.clear_gradient, None, dtable=table.gradient)
        flat = y.reshaped((x.size, units))
        net.op(kernels.embed_forward, kernels.embed_backward, ids=x, table=table, y=flat)
        return y


class Unembed(Layer, tag="unembed"):
    """Vectors (N, T, D) become scores (N, T, V) of the tokens; tied, with the embedding's own table (Press & Wolf
    2017)."""

    tied: Annotated[bool, hyper("tie the weights to the embedding")] = True
    initializer: Annotated[Initializer, hyper("initializer of untied weights")] = Normal(std=0.02)

    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if not self.tied:
            return linear(net, x, net.outputs, self.initializer, None, role=Role.HEAD)
        table = net.tables.get(TABLE)
        if table is None:
            raise ValueError("there is no embedding before it; set tied = false")
        tokens, width = table.shape
        if x.shape[-1] != width:
            raise ValueError(f"the embedding is {width} wide, the input {x.shape[-1]}; set tied = false")
        y = net.tensor("output", (*x.shape[:-1], tokens))
        rows = x.size // width
        net.op(
            kernels.unembed_forward, kernels.unembed_backward,
            x=x.reshaped((rows, width)), table=table, y=y.reshaped((rows, tokens)),
        )  # fmt: skip
        return y


class Position(Layer, tag="position"):
    """y = x + a vector for each position of x (N, T, D): trained, or sines of many lengths (Vaswani et al. 2017)."""

    kind: Annotated[Literal["learned", "sinusoidal"], hyper("trained vectors, or sines")] = "learned"
    initializer: Annotated[Initializer, hyper("initializer of trained vectors")] = Normal(std=0.02)

    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if len(x.shape) != 3:
            raise ValueError(f"needs positions (N, T, D), the input is {x.shape[1:]} a row")
        T, D = net.context(x), x.shape[2]
        if self.kind == "learned":
            table = net.parameter("weight", (T, D), self.initializer, Role.POSITION)
        else:
            table = net.constant("sines", sines(T, D))
        y = net.elementwise("output", x) if x.gradient else net.tensor("output", x.shape)
        backward = kernels.position_backward if self.kind == "learned" else None
        net.op(kernels.position_forward, backward, x=x, table=table, y=y, position=net.position)
        return y


def sines(positions: int, width: int) -> np.ndarray:
    """(T, D): sin and cos of t/10000^(2i/D), in turns."""
    angle = np.arange(positions)[:, None] / 10_000 ** (2 * (np.arange(width) // 2) / width)
    return np.where(np.arange(width) % 2 == 0, np.sin(angle), np.cos(angle))
