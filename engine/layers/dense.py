"""The dense (fully connected) layer."""

from typing import TYPE_CHECKING, Annotated

from engine.hyper import hyper
from engine.initializers import Auto, Initializer, Zeros
from engine.kernels.dense import dense_backward, dense_forward
from engine.layers.activations import Activation, Identity
from engine.layers.base import Layer
from engine.memory import Tensor

if TYPE_CHECKING:
    from engine.network import Builder


class Dense(Layer, tag="dense"):
    """y = activation(x·w + b) for x (N, I), w (I, O), b (O,); an input with more axes is flattened to rows."""

    units: Annotated[int, hyper("outputs; 0 means as many as the loss needs", ge=0, le=1_000_000)] = 0
    activation: Annotated[Activation, hyper("what follows x·w + b")] = Identity()
    initializer: Annotated[Initializer, hyper("how the weights begin")] = Auto()
    bias_initializer: Annotated[Initializer, hyper("how the biases begin")] = Zeros()

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        x = net.flat(x)
        inputs, outputs = x.shape[1], self.units or net.outputs
        follows = net.activation_after(self.activation)
        w = net.parameter("weight", (inputs, outputs), self.initializer.suited(follows), decay=True)
        b = net.parameter("bias", (outputs,), self.bias_initializer.suited(follows))
        y = net.tensor("output", (x.shape[0], outputs))
        net.op(dense_forward, dense_backward, x=x, w=w, b=b, y=y, dx=net.gradient(x))
        return self.activation.plan(net, y, "activation")
