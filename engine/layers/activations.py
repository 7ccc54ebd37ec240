"""Activations: functions of one number, as a layer of their own or as a field of another layer."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.component import Component
from engine.hyper import hyper
from engine.jit import Kernel
from engine.kernels import activations as kernels
from engine.layers.base import Layer
from engine.memory import Tensor

if TYPE_CHECKING:
    from engine.network import Builder


class Activation(Component, tag_field="name"):
    """An elementwise function y = f(x); the gradient of x takes the place of the gradient of y."""

    forward: ClassVar[Kernel]
    backward: ClassVar[Kernel]
    suited_initializer: ClassVar[str] = "lecun"

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        y = net.elementwise("activation", x)
        net.op(self.forward, self.backward if x.gradient else None, x=x, y=y)
        return y


class Identity(Activation, tag="identity"):
    """y = x"""

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        return x


class Relu(Activation, tag="relu"):
    """y = max(x, 0)"""

    forward = kernels.relu_forward
    backward = kernels.relu_backward
    suited_initializer = "he"


class Tanh(Activation, tag="tanh"):
    """y = tanh x"""

    forward = kernels.tanh_forward
    backward = kernels.tanh_backward
    suited_initializer = "xavier"


class Activate(Layer, tag="activation"):
    """An activation as a layer of its own, for instance after batch norm."""

    function: Annotated[Activation, hyper("the function")]

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        return self.function.plan(net, x)
