"""Activations as layers of their own: any of the family, and one that halves the features."""

from typing import Annotated

from engine.activations import Activation
from engine.builder import Builder
from engine.hyper import hyper
from engine.kernels import activations as kernels
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Activate(Layer, tag="activation"):
    """An activation as a separate layer, for instance after batch norm."""

    function: Annotated[Activation, hyper("activation function")]

    transparent = True
    streams = True
    feature_maps = True

    @property
    def activates(self) -> Activation | None:
        return self.function

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        return self.function.plan(net, x, "function")


class SwiGlu(Layer, tag="swiglu"):
    """y = silu(a)·b, a and b the two halves of the last axis, which y has half as long (Shazeer 2020)."""

    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        *leading, width = x.shape
        if width % 2:
            raise ValueError(f"needs an even number of features to halve, there are {width}")
        y = net.tensor("output", (*leading, width // 2))
        rows = x.size // width
        net.op(
            kernels.swiglu_forward, kernels.swiglu_backward if x.gradient else None,
            x=x.reshaped((rows, width)), y=y.reshaped((rows, width // 2)),
        )  # fmt: skip
        return y
