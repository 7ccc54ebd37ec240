"""Recurrent layers: what was seen is carried along in a state, from step to step."""

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np

from engine.activations import Activation, Relu, Tanh
from engine.builder import Builder, Role
from engine.hyper import hyper
from engine.initializers import Auto, Initializer, Uniform
from engine.kernels import recurrent as kernels
from engine.kernels.dense import dense_backward, dense_forward
from engine.layers.base import Layer
from engine.layers.dropout import Dropout
from engine.machine.memory import Tensor


class GateBiases(Initializer):
    """0, but for one gate: `value` for gate number `gate` of `gates`."""

    gates: int = 1
    gate: int = 0
    value: float = 0.0

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        biases = np.zeros((self.gates, shape[0] // self.gates))
        biases[self.gate] = self.value
        return biases.reshape(-1)


class Recurrent(Layer):
    """What rnn, gru and lstm share: x (N, T, I) becomes the states (N, T, U), or the last one (N, U)."""

    units: Annotated[int, hyper("size of the state", ge=1, le=65_536, log=True)] = 128
    layers: Annotated[int, hyper("number of stacked layers", ge=1, le=64)] = 1
    output: Annotated[
        Literal["each", "last"], hyper("each: the state after every step; last: only the final state")
    ] = "each"
    bidirectional: Annotated[
        bool, hyper("read the sequence in both directions and concatenate the states")
    ] = False
    dropout: Annotated[float, hyper("dropout between stacked layers", ge=0, lt=1, live=True)] = 0.0
    initializer: Annotated[
        Initializer, hyper("initializer of the input weights; auto: uniform between ±1/√units")
    ] = Auto()
    recurrent_initializer: Annotated[
        Initializer, hyper("initializer of the recurrent weights; auto: uniform between ±1/√units")
    ] = Auto()

    gates: ClassVar[int]

    @property
    def streams(self) -> bool:
        return self.output == "each" and not self.bidirectional

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if len(x.shape) == 2 and net.vocabulary_of(x):
            raise ValueError(
                'needs steps (N, T, I), the input are tokens; put { layer = "embedding" } before it'
            )
        if len(x.shape) != 3:
            steps, size = x.shape[1], x.size // (x.shape[0] * x.shape[1])
            raise ValueError(
                f"needs steps (N, T, I), the input is {x.shape[1:]} a row; put "
                f'{{ layer = "reshape", shape = [{steps}, {size}] }} before it'
            )
        for i in range(self.layers):
            with net.scope(f"layer{i + 1}"):
                if i and self.dropout:
                    with net.scope("dropout"):
                        x = Dropout(rate=self.dropout).plan(net, x)
                x = self.level(net, x, self.output if i == self.layers - 1 else "each")
        return x

    def level(self, net: Builder, x: Tensor, output: str) -> Tensor:
        """One layer of the stack, in one direction or in both."""
        N, T, _ = x.shape
        ways = ("forward", "backward") if self.bidirectional else ("",)
        width = len(ways) * self.units
        y = net.tensor("output", (N, T, width) if output == "each" else (N, width))
        for k, way in enumerate(ways):
            with net.scope(way):
                states = self.states(net, x if k == len(ways) - 1 else net.fork(x), backwards=k)
            if output == "each":
                net.op(
                    kernels.give_each, kernels.give_each_backward,
                    states=states, y=y, first=k * self.units, backwards=k,
                )  # fmt: skip
            else:
                net.op(
                    kernels.give_last, kernels.give_last_backward, states=states, y=y, first=k * self.units
                )
            if net.streaming:
                net.op(kernels.keep_state, None, states=states)
        return y

    def states(self, net: Builder, x: Tensor, backwards: int) -> Tensor:
        """The states (T + 1, N, U) over the steps of x, the first being what was before them."""
        N, T, I = x.shape
        G = self.gates * self.units
        rows = (net.tensor if x.gradient else net.scratch)("rows", (T, N, I))
        turned = kernels.time_major_backward if x.gradient else None
        net.op(kernels.time_major, turned, x=x, rows=rows, backwards=backwards)
        gates = overwritten(net.scratch("gates", (T, N, G)))
        flat = rows.reshaped((T * N, I))
        net.op(
            dense_forward, dense_backward, x=flat, dx=net.gradient(flat), y=gates.reshaped((T * N, G)),
            w=net.parameter("weight", (I, G), self.begin(self.initializer), Role.HIDDEN),
            b=net.parameter("bias", (G,), self.biases(), Role.BIAS),
        )  # fmt: skip
        # 0 before the first step, and nothing writes there; or kept from one position to the next.
        states = (net.state if net.streaming else net.tensor)("states", (T + 1, N, self.units))
        w = net.parameter(
            "recurrent_weight", (self.units, G), self.begin(self.recurrent_initializer), Role.HIDDEN
        )
        self.recur(net, gates, w, states)
        return states

    def recur(self, net: Builder, gates: Tensor, w: Tensor, states: Tensor) -> None:
        """Emit what turns the inputs' part of the gates (T, N, G) into the states."""
        raise NotImplementedError

    def collect(self, net: Builder, states: Tensor, w: Tensor, product: Tensor) -> None:
        """Emit the gradient of the state's weights, from the states before and the gradient of h₋·w."""
        S, N, U = states.shape
        before = states.rows(0, S - 1).reshaped(((S - 1) * N, U))
        net.op(
            None, kernels.weights_backward,
            before=before, product=product.reshaped(((S - 1) * N, w.shape[1])), w=w,
        )  # fmt: skip

    def begin(self, initializer: Initializer) -> Initializer:
        return Uniform(bound=self.units**-0.5) if isinstance(initializer, Auto) else initializer

    def biases(self) -> Initializer:
        return GateBiases()


class Rnn(Recurrent, tag="rnn"):
    """h = f(x·wᵢ + b + h₋·w), h₋ the state before (Elman 1990)."""

    activation: Annotated[Literal["tanh", "relu"], hyper("activation function f")] = "tanh"

    gates: ClassVar[int] = 1

    @property
    def activates(self) -> Activation | None:
        return Relu() if self.activation == "relu" else Tanh()

    def recur(self, net: Builder, gates: Tensor, w: Tensor, states: Tensor) -> None:
        self.collect(net, states, w, gates)
        net.op(
            kernels.rnn_forward, kernels.rnn_backward,
            gates=gates, w=w, states=states, rectified=int(self.activation == "relu"),
        )  # fmt: skip


class Gru(Recurrent, tag="gru"):
    """h = (1 − z)·n + z·h₋: gates r and z, 0 … 1, say what of the state before enters the new value n and what stays
    (Cho et al. 2014; r acts after the product with the weights, as in cuDNN and PyTorch)."""

    gates: ClassVar[int] = 3

    def recur(self, net: Builder, gates: Tensor, w: Tensor, states: Tensor) -> None:
        recurrent = overwritten(net.scratch("recurrent", gates.shape))
        bias = net.parameter("recurrent_bias", (self.units,), GateBiases(), Role.BIAS)
        self.collect(net, states, w, recurrent)
        net.op(
            kernels.gru_forward, kernels.gru_backward,
            gates=gates, recurrent=recurrent, w=w, bias=bias, states=states,
        )  # fmt: skip


class Lstm(Recurrent, tag="lstm"):
    """c = f·c₋ + i·g;  h = o·tanh c: gates i, f and o, 0 … 1, say what enters a cell, what stays and what is shown
    (Hochreiter & Schmidhuber 1997)."""

    forget_bias: Annotated[
        float,
        hyper("initial bias of the forget gate; above 0 the cell remembers at first (Gers et al. 2000)"),
    ] = 1.0

    gates: ClassVar[int] = 4

    def biases(self) -> Initializer:
        return GateBiases(gates=4, gate=1, value=self.forget_bias)

    def recur(self, net: Builder, gates: Tensor, w: Tensor, states: Tensor) -> None:
        cells = (net.state if net.streaming else net.scratch)("cells", states.shape)
        self.collect(net, states, w, gates)
        room = {"dcells": net.scratch("dcells", states.shape[1:])} if net.training else {}
        net.op(
            kernels.lstm_forward, kernels.lstm_backward, gates=gates, w=w, states=states, cells=cells, **room
        )
        if net.streaming:
            net.op(kernels.keep_state, None, states=cells)


def overwritten(tensor: Tensor) -> Tensor:
    """The tensor with a gradient that takes its place: the backward kernel reads the one and leaves the other."""
    return replace(tensor, gradient=tensor)
