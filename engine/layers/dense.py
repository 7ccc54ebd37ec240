"""The dense (fully connected) layer."""

from typing import TYPE_CHECKING, Annotated, Literal

from engine.hyper import hyper
from engine.initializers import Auto, Initializer, Zeros
from engine.kernels import dense as kernels
from engine.layers.activations import Activation, Identity
from engine.layers.base import Layer
from engine.machine.memory import Tensor

if TYPE_CHECKING:
    from engine.builder import Builder


class Dense(Layer, tag="dense"):
    """y = activation(x·w + b) for x (N, I), w (I, O), b (O,).

    An input with more axes is flattened to rows; over "position" x (N, T, I) becomes y (N, T, O), every position
    with the same w and b.
    """

    units: Annotated[int, hyper("outputs; 0 means as many as the loss needs", ge=0, le=1_000_000)] = 0
    activation: Annotated[Activation, hyper("what follows x·w + b")] = Identity()
    over: Annotated[
        Literal["row", "position"], hyper("what is mapped: a whole row, or each position alike")
    ] = "row"
    bias: Annotated[bool, hyper("whether there is a b")] = True
    initializer: Annotated[Initializer, hyper("how the weights begin")] = Auto()
    bias_initializer: Annotated[Initializer, hyper("how the biases begin")] = Zeros()

    @property
    def streams(self) -> bool:  # type: ignore[override]
        return self.over == "position"

    def plan(self, net: "Builder", x: Tensor) -> Tensor:
        if self.over == "row":
            x = net.flat(x)
        elif len(x.shape) < 3:
            raise ValueError(f'over = "position" needs inputs (N, T, I), they are {x.shape[1:]} a row')
        units = self.units or net.outputs
        follows = net.activation_after(self.activation)
        bias = self.bias_initializer.suited(follows) if self.bias else None
        y = linear(net, x, units, self.initializer.suited(follows), bias)
        return self.activation.plan(net, y, "activation")


def linear(
    net: "Builder", x: Tensor, units: int, initializer: Initializer, bias: Initializer | None, name: str = ""
) -> Tensor:
    """x (…, I) times a weight (I, O), plus a bias where it has an initializer; gives (…, O)."""
    with net.scope(name):
        w = net.parameter("weight", (x.shape[-1], units), initializer, decay=True)
        b = net.parameter("bias", (units,), bias) if bias is not None else None
        y = net.tensor("output", (*x.shape[:-1], units))
        rows = x.size // x.shape[-1]
        operands = {"x": x.reshaped((rows, x.shape[-1])), "w": w, "y": y.reshaped((rows, units))}
        operands["dx"] = net.gradient(operands["x"])
        if b is not None:
            net.op(kernels.dense_forward, kernels.dense_backward, b=b, **operands)
        else:
            net.op(kernels.project_forward, kernels.project_backward, **operands)
    return y
