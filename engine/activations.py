"""Activations: functions of one number; layers apply them, and initializers follow from them."""

from math import sqrt
from typing import Annotated, ClassVar

import numpy as np

from engine.builder import Builder
from engine.component import Component
from engine.hyper import fields, hyper
from engine.initializers import Auto, He, Initializer, LeCun, Siren, Xavier
from engine.kernels import activations as kernels
from engine.machine.kernel import Kernel
from engine.machine.memory import Tensor

FLAT = 0.97  # of the way to the limit: there the slope of tanh is 0.06


class Activation(Component, tag_field="name"):
    """An elementwise function y = f(x); the gradient of x takes the place of the gradient of y.

    A member's fields reach its kernels as operands of the same names and may be edited while it learns.
    """

    forward: ClassVar[Kernel]
    backward: ClassVar[Kernel]
    suited_initializer: ClassVar[Initializer] = LeCun()

    def initializer(self) -> Initializer:
        """What suits the weights in front of it: it keeps the size of what flows forward about the same."""
        return self.suited_initializer

    def plan(self, net: Builder, x: Tensor, name: str) -> Tensor:
        """Emit the operations; `name` is the field that holds this activation."""
        y = net.elementwise(name, x)
        numbers = {f.name: net.hyper(f"{name}.{f.name}", getattr(self, f.name)) for f in fields(type(self))}
        net.op(self.forward, self.backward if x.gradient else None, x=x, y=y, **numbers)
        return y

    def saturated(self, values: np.ndarray) -> float | None:
        """The fraction of outputs (N, …) where the function is almost flat on both sides; None where it never is."""
        return None

    def dead(self, values: np.ndarray) -> float | None:
        """The fraction of units that are 0, and without a gradient, for every row of outputs (N, …); None where a
        unit cannot die."""
        return None


class Identity(Activation, tag="identity"):
    """y = x"""

    def plan(self, net: Builder, x: Tensor, name: str) -> Tensor:
        return x


class Relu(Activation, tag="relu"):
    """y = max(x, 0)"""

    forward = kernels.relu_forward
    backward = kernels.relu_backward
    suited_initializer = He()

    def dead(self, values: np.ndarray) -> float | None:
        return silent(values)


class ReluSquared(Activation, tag="relu_squared"):
    """y = max(x, 0)² (So et al. 2021); for use behind a norm: twice the input gives four times the output"""

    forward = kernels.relu_squared_forward
    backward = kernels.relu_squared_backward
    suited_initializer = He(gain=sqrt(sqrt(2 / 3) / 2))  # the mean of y² is 3/2·variance²

    def dead(self, values: np.ndarray) -> float | None:
        return silent(values)


class LeakyRelu(Activation, tag="leaky_relu"):
    """y = x for x > 0, slope·x below (Maas et al. 2013)"""

    slope: Annotated[float, hyper("slope for x < 0", ge=0, lt=1, live=True)] = 0.01

    forward = kernels.leaky_relu_forward
    backward = kernels.leaky_relu_backward

    def initializer(self) -> Initializer:
        return He(gain=1 / sqrt(1 + self.slope**2))


class Elu(Activation, tag="elu"):
    """y = x for x > 0, alpha·(e^x − 1) below (Clevert et al. 2016)"""

    alpha: Annotated[float, hyper("limit for large negative x, times −1", gt=0, live=True)] = 1.0

    forward = kernels.elu_forward
    backward = kernels.elu_backward
    suited_initializer = He()


class Gelu(Activation, tag="gelu"):
    """y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), the usual approximation (Hendrycks & Gimpel 2016)"""

    forward = kernels.gelu_forward
    backward = kernels.gelu_backward
    suited_initializer = He()


class Silu(Activation, tag="silu"):
    """y = x·sigmoid(x), also known as swish (Elfwing et al. 2018)"""

    forward = kernels.silu_forward
    backward = kernels.silu_backward
    suited_initializer = He()


class Tanh(Activation, tag="tanh"):
    """y = tanh x"""

    forward = kernels.tanh_forward
    backward = kernels.tanh_backward
    suited_initializer = Xavier()

    def saturated(self, values: np.ndarray) -> float | None:
        return float(np.mean(np.abs(values) > FLAT))


class Sigmoid(Activation, tag="sigmoid"):
    """y = 1/(1 + e^−x)"""

    forward = kernels.sigmoid_forward
    backward = kernels.sigmoid_backward
    suited_initializer = Xavier()

    def saturated(self, values: np.ndarray) -> float | None:
        return float(np.mean(np.abs(values - 0.5) > FLAT / 2))


class Softplus(Activation, tag="softplus"):
    """y = log(1 + e^x), a smooth relu"""

    forward = kernels.softplus_forward
    backward = kernels.softplus_backward
    suited_initializer = He()


class Sin(Activation, tag="sin"):
    """y = sin(frequency·x), for signals with fine detail (SIREN, Sitzmann et al. 2020)"""

    frequency: Annotated[float, hyper("scale of x", gt=0, log=True, live=True)] = 1.0

    forward = kernels.sin_forward
    backward = kernels.sin_backward

    def initializer(self) -> Initializer:
        return Siren(frequency=self.frequency)


def silent(values: np.ndarray) -> float:
    """The fraction of units (…) that are not above 0 in any row of values (N, …)."""
    return float(np.mean((values <= 0).reshape(len(values), -1).all(axis=0)))


def suited(initializer: Initializer, activation: Activation) -> Initializer:
    """The initializer of weights in front of an activation: `auto` stands for the one that suits it."""
    return activation.initializer() if isinstance(initializer, Auto) else initializer


def activation_after(net: Builder, own: Activation) -> Activation:
    """The activation behind a layer that is being planned: its own, or the next one in the sequence where nothing but
    transparent layers lies between."""
    if isinstance(own, Identity):
        for layer in net.following:
            if not layer.transparent:
                break
            if layer.activates is not None:
                found: Activation = layer.activates
                return found
    return own
