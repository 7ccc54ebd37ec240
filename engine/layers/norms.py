"""Batch, layer and RMS norm: layers that keep what flows through them at mean 0 and variance 1."""

from typing import Annotated

from engine.builder import Builder, Role
from engine.hyper import hyper
from engine.initializers import Constant, Zeros
from engine.kernels import norms as kernels
from engine.layers.base import Layer
from engine.machine.memory import Tensor

Epsilon = Annotated[
    float, hyper("added to the variance for numerical stability", gt=0, le=1, log=True, live=True)
]


class BatchNorm(Layer, tag="batch_norm"):
    """y = gain·(x − mean)/√(variance + ε) + bias for each feature (Ioffe & Szegedy 2015), over all axes but the last.

    In training mean and variance are those of the rows of one shard ("ghost" batch norm, Hoffer et al. 2017):
    with one shard those of the batch. Evaluation uses running statistics; in every step each of S shards moves
    them by momentum/S towards its own.
    """

    momentum: Annotated[
        float, hyper("weight of the newest batch in the running statistics", gt=0, le=1, live=True)
    ] = 0.1
    epsilon: Epsilon = 1e-5

    transparent = True
    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        C = x.shape[-1]
        rows = x.size // C
        gain, bias = scale_and_shift(net, C)
        running = {"mean": net.statistic("mean", (C,)), "variance": net.statistic("variance", (C,), 1.0)}
        epsilon = net.hyper("epsilon", self.epsilon)
        momentum = net.hyper("momentum", self.momentum)
        y, wide = normalized(net, x), x.reshaped((rows, C))
        kept = {"rstd": net.scratch("rstd", (C,))}
        operands = {"x": wide, "gain": gain, "bias": bias, "y": y.reshaped((rows, C)), "epsilon": epsilon}
        if not net.training:
            net.op(kernels.batch_norm_evaluate, None, **operands, **running, **kept)
            return y
        if rows < 2:
            raise ValueError("needs at least 2 rows in each shard of a batch to take a variance of")
        kept |= {name: net.scratch(f"shard_{name}", (C,)) for name in running}
        net.op(kernels.batch_norm_forward, kernels.batch_norm_backward, **operands, **kept)
        net.once(
            kernels.follow_statistics, mean=kept["mean"], variance=kept["variance"], running_mean=running["mean"],
            running_variance=running["variance"], momentum=momentum, shard_info=net.shard_info, rows=rows,
        )  # fmt: skip
        return y


class LayerNorm(Layer, tag="layer_norm"):
    """y = gain·(x − mean)/√(variance + ε) + bias, mean and variance taken over the last axis (Ba et al. 2016)."""

    epsilon: Epsilon = 1e-5

    transparent = True
    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        C = x.shape[-1]
        rows = x.size // C
        gain, bias = scale_and_shift(net, C)
        y = normalized(net, x)
        net.op(
            kernels.layer_norm_forward, kernels.layer_norm_backward,
            x=x.reshaped((rows, C)), gain=gain, bias=bias, y=y.reshaped((rows, C)),
            mean=net.scratch("mean", (rows,)), rstd=net.scratch("rstd", (rows,)),
            epsilon=net.hyper("epsilon", self.epsilon),
        )  # fmt: skip
        return y


class RmsNorm(Layer, tag="rms_norm"):
    """y = gain·x/√(mean of x² + ε), the mean taken over the last axis (Zhang & Sennrich 2019)."""

    epsilon: Epsilon = 1e-6

    transparent = True
    streams = True

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        C = x.shape[-1]
        rows = x.size // C
        y = normalized(net, x)
        net.op(
            kernels.rms_norm_forward, kernels.rms_norm_backward,
            x=x.reshaped((rows, C)), y=y.reshaped((rows, C)),
            gain=net.parameter("gain", (C,), Constant(1.0), Role.NORM),
            rstd=net.scratch("rstd", (rows,)), epsilon=net.hyper("epsilon", self.epsilon),
        )  # fmt: skip
        return y


def scale_and_shift(net: Builder, features: int) -> tuple[Tensor, Tensor]:
    """The parameters gain and bias, which weight decay spares."""
    gain = net.parameter("gain", (features,), Constant(1.0), Role.NORM)
    return gain, net.parameter("bias", (features,), Zeros(), Role.NORM)


def normalized(net: Builder, x: Tensor) -> Tensor:
    """The output: it shares the gradient of `x`, and has its own where `x` is the data."""
    return net.elementwise("output", x) if x.gradient else net.tensor("output", x.shape)
