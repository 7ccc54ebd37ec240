"""The dense (fully connected) layer."""

from typing import Annotated, Literal

from engine.activations import Activation, Identity, activation_after, suited
from engine.builder import Builder, Role
from engine.hyper import hyper
from engine.initializers import Auto, Initializer, Zeros
from engine.kernels import dense as kernels
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Dense(Layer, tag="dense"):
    """y = activation(x·w + b) for x (N, I), w (I, O), b (O,).

    An input with more axes is flattened to rows; with over = "position" x (N, T, I) becomes y (N, T, O),
    every position with the same w and b.
    """

    units: Annotated[int, hyper("number of outputs; 0: as many as the loss needs", ge=0, le=1_000_000)] = 0
    activation: Annotated[Activation, hyper("activation function")] = Identity()
    over: Annotated[Literal["row", "position"], hyper("apply to the whole row, or to each position")] = "row"
    bias: Annotated[bool, hyper("whether to add a bias")] = True
    initializer: Annotated[Initializer, hyper("initializer of the weights")] = Auto()
    bias_initializer: Annotated[Initializer, hyper("initializer of the biases")] = Zeros()

    @property
    def streams(self) -> bool:
        return self.over == "position"

    @property
    def activates(self) -> Activation | None:
        return self.activation

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        if self.over == "row":
            x = net.flat(x)
        elif len(x.shape) < 3:
            raise ValueError(f'over = "position" needs inputs (N, T, I), they are {x.shape[1:]} a row')
        units = self.units or net.outputs
        follows = activation_after(net, self.activation)
        bias = suited(self.bias_initializer, follows) if self.bias else None
        role = Role.HEAD if net.at_end or not self.units else Role.HIDDEN
        y = linear(net, x, units, suited(self.initializer, follows), bias, role=role)
        return self.activation.plan(net, y, "activation")


def linear(
    net: Builder,
    x: Tensor,
    units: int,
    initializer: Initializer,
    bias: Initializer | None,
    name: str = "",
    role: Role = Role.HIDDEN,
) -> Tensor:
    """x (…, I) times a weight (I, O), plus a bias where it has an initializer; gives (…, O)."""
    with net.scope(name):
        w = net.parameter("weight", (x.shape[-1], units), initializer, role)
        b = net.parameter("bias", (units,), bias, Role.BIAS) if bias is not None else None
        y = net.tensor("output", (*x.shape[:-1], units))
        rows = x.size // x.shape[-1]
        operands = {"x": x.reshaped((rows, x.shape[-1])), "w": w, "y": y.reshaped((rows, units))}
        operands["dx"] = net.gradient(operands["x"])
        if b is not None:
            net.op(kernels.dense_forward, kernels.dense_backward, b=b, **operands)
        else:
            net.op(kernels.project_forward, kernels.project_backward, **operands)
    return y
