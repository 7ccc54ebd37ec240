"""Convolution over sequences and images, and the patches of a vision transformer."""

from typing import Annotated

from engine.activations import Activation, Identity, activation_after, suited
from engine.builder import Builder, Role
from engine.hyper import hyper
from engine.initializers import Auto, Initializer, Zeros
from engine.kernels import convolution as kernels
from engine.layers.base import Layer
from engine.layers.windows import LINE, Padding, Stride, Windows
from engine.machine.memory import Tensor

# Multiplications up to which BLAS has a quicker way: small images go through it together, but no more of them.
SMALL_PRODUCT = 10**6

Kernel = Annotated[int, hyper("size of the filters along each axis", ge=1, le=1024)]
Filters = Annotated[int, hyper("number of filters: channels of the output", ge=1, le=65_536)]


class Convolution(Layer):
    """Filters that slide over the axes between rows and channels; a subclass says over how many."""

    filters: Filters = 16
    kernel: Kernel = 3
    stride: Stride = 1
    padding: Padding = "same"
    activation: Annotated[Activation, hyper("activation function")] = Identity()
    bias: Annotated[bool, hyper("whether to add a bias")] = True
    initializer: Annotated[Initializer, hyper("initializer of the weights")] = Auto()

    @property
    def activates(self) -> Activation | None:
        return self.activation

    def slide(self, net: Builder, x: Tensor) -> Tensor:
        """x (N, lengths …, C) → (N, counts …, O)."""
        over = [Windows.over(length, self.kernel, self.stride, self.padding) for length in x.shape[1:-1]]
        begin = suited(self.initializer, activation_after(net, self.activation))
        y = convolve(net, x, over, self.filters, begin, Zeros() if self.bias else None)
        return self.activation.plan(net, y, "activation")


class Conv1d(Convolution, tag="conv1d"):
    """y = activation(filters over the T steps of x + b): x (N, T, C) → (N, P, O), weight (kernel, C, O).

    x (N, T) is taken as one channel.
    """

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if len(x.shape) == 2:
            x = x.reshaped((*x.shape, 1))
        if len(x.shape) != 3:
            raise ValueError(f"needs sequences (N, T, C), the input is {x.shape[1:]} a row")
        return self.slide(net, x)


class Conv2d(Convolution, tag="conv2d"):
    """y = activation(filters over the pixels of x + b): x (N, H, W, C) → (N, P, Q, O), weight (kernel, kernel, C, O).

    x (N, H, W) is taken as one channel.
    """

    feature_maps = True
    image_filters = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        return self.slide(net, as_images(x))


class Patch(Layer, tag="patch"):
    """Squares of pixels become vectors: x (N, H, W, C) → (N, T, D), row by row (Dosovitskiy et al. 2020)."""

    size: Annotated[int, hyper("side of a patch, in pixels", ge=1, le=1024)] = 4
    units: Annotated[int, hyper("length of a vector", ge=1, le=65_536)] = 64
    initializer: Annotated[Initializer, hyper("initializer of the weights")] = Auto()

    image_filters = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        x = as_images(x)
        N, H, W, _C = x.shape
        if H % self.size or W % self.size:
            raise ValueError(f"squares of {self.size} do not cut {H} × {W} pixels without a rest")
        over = [Windows.over(length, self.size, self.size, "valid") for length in (H, W)]
        y = convolve(net, x, over, self.units, suited(self.initializer, Identity()), Zeros())
        return y.reshaped((N, over[0].count * over[1].count, self.units))


def as_images(x: Tensor) -> Tensor:
    """x as (N, H, W, C). Raises ValueError where it holds no images."""
    if len(x.shape) == 3:
        return x.reshaped((*x.shape, 1))
    if len(x.shape) != 4:
        raise ValueError(f"needs images (N, H, W, C), the input is {x.shape[1:]} a row")
    return x


def convolve(
    net: Builder,
    x: Tensor,
    over: list[Windows],
    filters: int,
    initializer: Initializer,
    bias: Initializer | None,
) -> Tensor:
    """x (N, lengths …, C) → (N, counts …, O): windows over one axis or two, with the parameters `weight`
    (sizes …, C, O) and `bias` (O,)."""
    N, C = x.shape[0], x.shape[-1]
    tall, wide = over if len(over) == 2 else (LINE, *over)
    w = net.parameter("weight", (*(windows.size for windows in over), C, filters), initializer, Role.HIDDEN)
    field, places = tall.size * wide.size * C, tall.count * wide.count
    w = w.reshaped((field, filters))
    b = net.parameter("bias", (filters,), bias, Role.BIAS) if bias else net.nothing()
    y = net.tensor("output", (N, *(windows.count for windows in over), filters))
    x = x.reshaped((N, tall.length, wide.length * C))
    images = max(1, min(N, SMALL_PRODUCT // (places * field * filters)))
    size = (tall.reach, wide.reach * C)
    sums = {"sums": net.scratch("sums", size)} if net.training else {}
    net.op(
        kernels.convolution_forward, kernels.convolution_backward,
        x=x, dx=net.gradient(x), w=w, b=b, db=net.gradient(b),
        y=y.reshaped((N, tall.count, wide.count, filters)),
        padded=net.scratch("padded", size), patches=net.scratch("patches", (images * places, field)), **sums,
        tall=tall.size, top=tall.before, left=wide.before * C, down=tall.stride, across=wide.stride * C,
    )  # fmt: skip
    return y
