"""Pooling: fewer places, each speaking for its neighbors; and up-sampling, which makes them more again."""

from typing import Annotated, ClassVar, Literal

from engine.builder import Builder
from engine.hyper import hyper
from engine.kernels import pooling as kernels
from engine.layers.base import Layer
from engine.layers.windows import LINE, Padding, Windows
from engine.machine.memory import Tensor

KERNELS = {
    "max": (kernels.max_pool_forward, kernels.max_pool_backward),
    "average": (kernels.average_pool_forward, kernels.average_pool_backward),
}


class Pool(Layer):
    """Windows over the axes between rows and channels."""

    window: Annotated[int, hyper("size of the windows along each axis", ge=1, le=1024)] = 2
    stride: Annotated[int, hyper("step between windows; 0: the same as window", ge=0, le=1024)] = 0
    padding: Padding = "valid"

    transparent = True
    takes: ClassVar[str]  # of each window

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        stride = self.stride or self.window
        return pool(
            net, x, [Windows.over(n, self.window, stride, self.padding) for n in places_of(x)], self.takes
        )


class MaxPool(Pool, tag="max_pool"):
    """y = the largest value of each window and channel: x (N, T, C) → (N, P, C), (N, H, W, C) → (N, P, Q, C)."""

    feature_maps = True
    takes = "max"


class AveragePool(Pool, tag="average_pool"):
    """y = the mean of each window and channel: x (N, T, C) → (N, P, C), (N, H, W, C) → (N, P, Q, C).

    Of a window that reaches over the border, the mean of what lies within.
    """

    feature_maps = True
    takes = "average"


class GlobalPool(Layer, tag="global_pool"):
    """Pooling over all positions: x (N, T, C) or (N, H, W, C) → (N, C)."""

    kind: Annotated[Literal["average", "max"], hyper("the maximum or the mean of each channel")] = "average"

    transparent = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        y = pool(net, x, [Windows.over(n, n, n, "valid") for n in places_of(x)], self.kind)
        return y.reshaped((x.shape[0], x.shape[-1]))


class Upsample(Layer, tag="upsample"):
    """Nearest-neighbor upsampling by `factor` along each axis: x (N, H, W, C) → (N, factor·H, factor·W, C)."""

    factor: Annotated[int, hyper("scale of each axis", ge=1, le=64)] = 2

    transparent = True
    feature_maps = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        places = places_of(x)
        y = net.tensor("output", (x.shape[0], *(self.factor * n for n in places), x.shape[-1]))
        net.op(
            kernels.upsample_forward, kernels.upsample_backward if x.gradient else None, x=image(x), y=image(y),
            tall=self.factor if len(places) == 2 else 1, wide=self.factor,
        )  # fmt: skip
        return y


def places_of(x: Tensor) -> tuple[int, ...]:
    """The axes between rows and channels. Raises ValueError where there are neither one nor two."""
    if len(x.shape) not in (3, 4):
        raise ValueError(f"needs (N, T, C) or (N, H, W, C), the input is {x.shape[1:]} a row")
    return x.shape[1:-1]


def image(x: Tensor) -> Tensor:
    """x as (N, H, W, C): a sequence is an image of one line."""
    return x if len(x.shape) == 4 else x.reshaped((x.shape[0], 1, *x.shape[1:]))


def pool(net: Builder, x: Tensor, over: list[Windows], takes: str) -> Tensor:
    """x (N, lengths …, C) → (N, counts …, C)."""
    y = net.tensor("output", (x.shape[0], *(windows.count for windows in over), x.shape[-1]))
    forward, backward = KERNELS[takes]
    tall, wide = over if len(over) == 2 else (LINE, *over)
    kept = {"where": image(net.scratch("where", y.shape))} if takes == "max" else {}
    net.op(
        forward, backward if x.gradient else None, x=image(x), y=image(y), **kept,
        tall=tall.size, wide=wide.size, down=tall.stride, across=wide.stride, top=tall.before, left=wide.before,
    )  # fmt: skip
    return y
