"""Attention: every position gathers from the others what it asks for (Vaswani et al. 2017)."""

from typing import Annotated

import numpy as np

from engine.builder import Builder
from engine.hyper import hyper
from engine.initializers import Initializer, Normal, Zeros
from engine.kernels import attention as kernels
from engine.layers.base import Layer
from engine.layers.dense import linear
from engine.machine.memory import Tensor

Heads = Annotated[int, hyper("number of attention heads", ge=1, le=1024)]
KeyHeads = Annotated[
    int, hyper("number of key and value heads (grouped-query attention); 0: same as heads", ge=0, le=1024)
]
Causal = Annotated[bool, hyper("mask positions that follow")]
Rotary = Annotated[bool, hyper("rotary position embeddings (Su et al. 2021)")]
Normalized = Annotated[bool, hyper("normalize queries and keys by their RMS (Henry et al. 2020)")]
Begin = Annotated[Initializer, hyper("initializer of the weights")]

ROTARY_BASE = 10_000.0


class Attention(Layer, tag="attention"):
    """x (N, T, D) → (N, T, D): heads of width D/heads, each softmax(q·kᵀ/√width)·v, mapped back to D together.

    With fewer `kv_heads` groups of heads share keys and values (Ainslie et al. 2023).
    """

    heads: Heads = 4
    kv_heads: KeyHeads = 0
    causal: Causal = True
    rotary: Rotary = False
    qk_norm: Normalized = False
    bias: Annotated[bool, hyper("whether the two projections have biases")] = False
    initializer: Begin = Normal(std=0.02)
    output_initializer: Begin = Normal(std=0.02)

    @property
    def streams(self) -> bool:
        return self.causal

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if len(x.shape) != 3:
            raise ValueError(f"needs positions (N, T, D), the input is {x.shape[1:]} a row")
        N, T, D = x.shape
        width, groups = self.width(D), self.kv_heads or self.heads
        bias = Zeros() if self.bias else None
        qkv = linear(net, x, (self.heads + 2 * groups) * width, self.initializer, bias, "qkv")
        if self.rotary:
            self.turn(net, qkv, net.context(x), width)
        if self.qk_norm:
            vectors = self.heads + groups
            net.op(
                kernels.normalize_heads, kernels.normalize_heads_backward,
                qkv=qkv.reshaped((N * T, qkv.shape[2])), scale=net.scratch("scale", (N * T, vectors)), width=width,
            )  # fmt: skip
        y = net.tensor("mixed", (N, T, D))
        if net.streaming:
            self.stream(net, qkv, y, net.context(x), groups)
        else:
            weights = net.scratch("weights", (N * self.heads, T, T))
            operands: dict[str, Tensor | int]
            operands = {"qkv": qkv, "y": y, "weights": weights, "heads": self.heads, "groups": groups}
            net.op(kernels.attention_forward, None, causal=int(self.causal), **operands)
            if net.training:
                dweights = net.scratch("dweights", (T, T))
                net.op(None, kernels.attention_backward, dweights=dweights, **operands)
        return linear(net, y, D, self.output_initializer, bias, "out")

    def width(self, model: int) -> int:
        """How wide a head is. Raises ValueError where heads do not share out the model's width."""
        groups = self.kv_heads or self.heads
        if model % self.heads:
            raise ValueError(f"heads = {self.heads} does not divide the width {model}")
        if self.heads % groups:
            raise ValueError(f"kv_heads = {groups} does not divide heads = {self.heads}")
        if self.rotary and model // self.heads % 2:
            raise ValueError(f"rotary needs heads of even width, they are {model // self.heads} wide")
        return model // self.heads

    def turn(self, net: Builder, qkv: Tensor, context: int, width: int) -> None:
        """Turn queries and keys by angles t/base^(2i/width)."""
        angle = np.arange(context)[:, None] / ROTARY_BASE ** (np.arange(0, width, 2) / width)
        tables = {"cos": net.constant("cos", np.cos(angle)), "sin": net.constant("sin", np.sin(angle))}
        vectors = self.heads + (self.kv_heads or self.heads)
        net.op(
            kernels.rotate_forward, kernels.rotate_backward,
            qkv=qkv, position=net.position, vectors=vectors, **tables,
        )  # fmt: skip

    def stream(self, net: Builder, qkv: Tensor, y: Tensor, context: int, groups: int) -> None:
        if not self.causal:
            raise ValueError(
                "attention that sees what follows cannot go one position at a time; set causal = true"
            )
        N, width = y.shape[0], y.shape[2] // self.heads
        kept = {name: net.state(name, (N, context, groups * width)) for name in ("keys", "values")}
        weights = net.state("weights", (N, self.heads, context))
        net.op(
            kernels.attention_stream, None, qkv=qkv.reshaped((N, qkv.shape[2])), y=y.reshaped((N, y.shape[2])),
            weights=weights, position=net.position, groups=groups, **kept,
        )  # fmt: skip
