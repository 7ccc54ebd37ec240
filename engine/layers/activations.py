"""Activations: functions of one number, as a layer of their own or as a field of another layer."""

from math import sqrt
from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.component import Component
from engine.hyper import fields, hyper
from engine.initializers import He, Initializer, LeCun, Siren, Xavier
from engine.kernels import activations as kernels
from engine.layers.base import Layer
from engine.machine.kernel import Kernel
from engine.machine.memory import Tensor

if TYPE_CHECKING:
    from engine.builder import Builder


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

    def plan(self, net: "Builder", x: Tensor, name: str) -> Tensor:
        """Emit the operations; `name` is the field that holds this activation."""
        y = net.elementwise(name, x)
        numbers = {f.name: net.hyper(f"{name}.{f.name}", getattr(self, f.name)) for f in fields(type(self))}
        net.op(self.forward, self.backward if x.gradient else None, x=x, y=y, **numbers)
        return y


class Identity(Activation, tag="identity"):
    """y = x"""

    def plan(self, net: "Builder", x: Tensor, name: str) -> Tensor:
        return x


class Relu(Activation, tag="relu"):
    """y = max(x, 0)"""

    forward = kernels.relu_forward
    backward = kernels.relu_backward
    suited_initializer = He()


class ReluSquared(Activation, tag="relu_squared"):
    """y = max(x, 0)² (So et al. 2021); for use behind a norm: twice the input gives four times the output"""

    forward = kernels.relu_squared_forward
    backward = kernels.relu_squared_backward
    suited_initializer = He(gain=sqrt(sqrt(2 / 3) / 2))  # the mean of y² is 3/2·variance²


class LeakyRelu(Activation, tag="leaky_relu"):
    """y = x for x > 0, slope·x below (Maas et al. 2013)"""

    slope: Annotated[float, hyper("slope below 0", ge=0, lt=1, live=True)] = 0.01

    forward = kernels.leaky_relu_forward
    backward = kernels.leaky_relu_backward

    def initializer(self) -> Initializer:
        return He(gain=1 / sqrt(1 + self.slope**2))


class Elu(Activation, tag="elu"):
    """y = x for x > 0, alpha·(e^x − 1) below (Clevert et al. 2016)"""

    alpha: Annotated[float, hyper("minus the value that large negative x approach", gt=0, live=True)] = 1.0

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


class Sigmoid(Activation, tag="sigmoid"):
    """y = 1/(1 + e^−x)"""

    forward = kernels.sigmoid_forward
    backward = kernels.sigmoid_backward
    suited_initializer = Xavier()


class Softplus(Activation, tag="softplus"):
    """y = log(1 + e^x), a smooth relu"""

    forward = kernels.softplus_forward
    backward = kernels.softplus_backward
    suited_initializer = He()


class Sin(Activation, tag="sin"):
    """y = sin(frequency·x), for signals with fine detail (SIREN, Sitzmann et al. 2020)"""

    frequency: Annotated[float, hyper("factor on x", gt=0, log=True, live=True)] = 1.0

    forward = kernels.sin_forward
    backward = kernels.sin_backward

    def initializer(self) -> Initializer:
        return Siren(frequency=self.frequency)


class Activate(Layer, tag="activation"):
    """An activation as a layer of its own, for instance after batch norm."""

    function: Annotated[Activation, hyper("the function")]

    streams: ClassVar[bool] = True

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        return self.function.plan(net, x, "function")


class SwiGlu(Layer, tag="swiglu"):
    """y = silu(a)·b, a and b the two halves of the last axis, which y has half as long (Shazeer 2020)."""

    streams: ClassVar[bool] = True

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
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
