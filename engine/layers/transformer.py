"""The transformer: blocks of attention and of a small network, each added to what flows through."""

from math import sqrt
from typing import Annotated, Literal

from engine.activations import Activation, Gelu, Identity, ReluSquared
from engine.builder import Builder
from engine.hyper import hyper
from engine.initializers import Normal
from engine.layers import attention
from engine.layers.activations import SwiGlu
from engine.layers.attention import Attention
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.norms import LayerNorm, RmsNorm
from engine.layers.residual import Residual
from engine.machine.memory import Tensor

IDENTITY = Identity()

Std = Annotated[float, hyper("standard deviation of the initial weights", gt=0, log=True)]


class Transformer(Layer, tag="transformer"):
    """Pre-norm blocks over x (N, T, D): x + attention(norm(x)), then x + network(norm(x)) (Radford et al. 2019).

    Residual projections start scaled by 1/√(2·blocks), so that the sum over blocks keeps the variance of one.
    """

    blocks: Annotated[int, hyper("number of blocks", ge=1, le=256)] = 1
    heads: attention.Heads = 4
    kv_heads: attention.KeyHeads = 0
    causal: attention.Causal = True
    rotary: attention.Rotary = False
    qk_norm: attention.Normalized = False
    norm: Annotated[Literal["layer", "rms"], hyper("normalization layer")] = "layer"
    mlp: Annotated[Literal["gelu", "swiglu", "relu_squared"], hyper("kind of the feed-forward network")] = (
        "gelu"
    )
    expansion: Annotated[
        float, hyper("hidden width of the feed-forward network, as a multiple of D", gt=0, le=64)
    ] = 4.0
    dropout: Annotated[float, hyper("dropout on the residual branches", ge=0, lt=1, live=True)] = 0.0
    bias: Annotated[bool, hyper("whether projections have biases")] = False
    std: Std = 0.02
    scale_residual: Annotated[bool, hyper("scale the initial residual projections by 1/√(2·blocks)")] = True

    @property
    def streams(self) -> bool:
        return self.causal

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if len(x.shape) != 3:
            raise ValueError(f"needs positions (N, T, D), the input is {x.shape[1:]} a row")
        self.attention().width(x.shape[2])  # what is wrong with it is wrong here, not in a layer within
        for i in range(self.blocks):
            with net.scope(f"block{i + 1}"):
                for name, layers in (("attend", self.attend()), ("think", self.think(x.shape[2]))):
                    with net.scope(name):
                        x = Residual(layers).plan(net, x)
        return x

    def attend(self) -> list[Layer]:
        """The layers of the first half of a block."""
        return [self.normalize(), self.attention(), *self.drop()]

    def attention(self) -> Attention:
        return Attention(
            heads=self.heads, kv_heads=self.kv_heads, causal=self.causal, rotary=self.rotary, qk_norm=self.qk_norm,
            bias=self.bias, initializer=Normal(std=self.std), output_initializer=self.last(),
        )  # fmt: skip

    def think(self, width: int) -> list[Layer]:
        """The layers of the second half of a block."""
        hidden = max(1, round(self.expansion * width))
        first, last = Normal(std=self.std), self.last()
        if self.mlp == "swiglu":
            widen: list[Layer] = [self.map(2 * hidden, first), SwiGlu()]
        else:
            widen = [self.map(hidden, first, Gelu() if self.mlp == "gelu" else ReluSquared())]
        return [self.normalize(), *widen, self.map(width, last), *self.drop()]

    def map(self, units: int, begin: Normal, activation: Activation = IDENTITY) -> Layer:
        return Dense(units=units, over="position", bias=self.bias, initializer=begin, activation=activation)

    def normalize(self) -> Layer:
        return RmsNorm() if self.norm == "rms" else LayerNorm()

    def drop(self) -> list[Layer]:
        return [Dropout(rate=self.dropout)] if self.dropout else []

    def last(self) -> Normal:
        """How the map begins whose result is added."""
        return Normal(std=self.std / sqrt(2 * self.blocks) if self.scale_residual else self.std)
