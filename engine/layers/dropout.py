"""The dropout layer."""

from typing import Annotated

from engine.builder import Builder
from engine.hyper import hyper
from engine.kernels.dropout import dropout_backward, dropout_forward
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Dropout(Layer, tag="dropout"):
    """y = x/(1 − rate), or 0 with probability `rate`, in training; y = x in evaluation (Srivastava et al. 2014).

    Every row of every batch gets a mask of its own, the same one however the batch is cut into shards.
    """

    rate: Annotated[float, hyper("fraction of the values to drop", ge=0, lt=1, live=True)] = 0.5

    transparent = True
    computes = False
    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if not net.training:
            return x
        y = net.elementwise("output", x)
        net.op(
            dropout_forward, dropout_backward if x.gradient else None,
            x=x, y=y, mask=net.scratch("mask", x.shape), rate=net.hyper("rate", self.rate),
            clock=net.clock, shard_info=net.shard_info, stream=net.stream(),
        )  # fmt: skip
        return y
