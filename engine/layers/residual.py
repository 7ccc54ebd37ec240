"""The residual layer."""

from typing import Annotated

from engine.builder import Builder
from engine.hyper import hyper
from engine.kernels.branches import add_forward, copy_gradient
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Residual(Layer, tag="residual"):
    """y = x + f(x), f a list of layers that keeps the shape (He et al. 2016)."""

    layers: Annotated[list[Layer], hyper("the layers of f, in order")]

    streams = True  # where its layers do

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("needs at least one layer within")

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        f = net.sequence(self.layers, net.fork(x), "layers")
        if f.shape != x.shape:
            raise ValueError(f"its layers turn {x.shape[1:]} into {f.shape[1:]}; the sum needs equal shapes")
        y = net.elementwise("output", f)
        net.op(add_forward, copy_gradient if x.gradient else None, x=x, f=f, y=y)
        return y
