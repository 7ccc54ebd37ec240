"""Activations: y = f(x) elementwise; the backward kernel turns dL/dy into dL/dx in place."""

from engine.jit import kernel
from engine.kernels.maths import ONE, ZERO, tanh


@kernel
def relu_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = x[i] if x[i] > ZERO else ZERO


@kernel
def relu_backward(y: "N", dy: "N"):
    for i in range(y.size):
        dy[i] = dy[i] if y[i] > ZERO else ZERO


@kernel
def tanh_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = tanh(x[i])


@kernel
def tanh_backward(y: "N", dy: "N"):
    for i in range(y.size):
        dy[i] *= ONE - y[i] * y[i]
