"""Activations: y = f(x) elementwise; the backward kernel turns dL/dy into dL/dx in place.

A backward kernel reads y where f'(x) follows from f(x), and x where it does not. NaN in gives NaN out, and what has a
limit at an infinite x gives that.
"""

import numpy as np

from engine.kernels.maths import ONE, ZERO, cos, exp, expm1, sigmoid, sin, softplus, tanh
from engine.machine.kernel import kernel

INFINITE = np.float32(np.inf)
FLAT = np.float32(1e6)  # beyond it gelu and silu have the slope of their limits, where 0·∞ would be NaN


@kernel
def relu_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = ZERO if x[i] < ZERO else x[i]


@kernel
def relu_backward(y: "N", dy: "N"):
    for i in range(y.size):
        dy[i] = dy[i] if y[i] > ZERO else (ZERO if y[i] <= ZERO else y[i])


@kernel
def relu_squared_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = ZERO if x[i] < ZERO else x[i] * x[i]


@kernel
def relu_squared_backward(x: "N", dy: "N"):
    for i in range(x.size):
        dy[i] = (x[i] + x[i]) * dy[i] if x[i] > ZERO else (ZERO if x[i] <= ZERO else x[i])


@kernel
def swiglu_forward(x: "N,I", y: "N,O"):
    """I = 2·O: the first half of a row, through silu, times the second."""
    N, O = y.shape
    for n in range(N):
        for o in range(O):
            near = -FLAT if x[n, o] < -FLAT else x[n, o]
            y[n, o] = near * sigmoid(near) * x[n, O + o]


@kernel
def swiglu_backward(x: "N,I", dx: "N,I", dy: "N,O"):
    N, O = dy.shape
    for n in range(N):
        for o in range(O):
            gate = sigmoid(x[n, o])
            value = dy[n, o] * x[n, o] * gate
            dx[n, O + o] = value if x[n, o] != -INFINITE else ZERO * dy[n, o]
            slope = dy[n, o] * x[n, O + o] * gate * (ONE + x[n, o] * (ONE - gate))
            dx[n, o] = slope if abs(x[n, o]) < FLAT else dy[n, o] * x[n, O + o] * gate


@kernel
def leaky_relu_forward(x: "N", y: "N", slope: "float64[1]"):
    a = x.dtype.type(slope[0])
    for i in range(x.size):
        y[i] = a * x[i] if x[i] < ZERO else x[i]


@kernel
def leaky_relu_backward(x: "N", dy: "N", slope: "float64[1]"):
    a = x.dtype.type(slope[0])
    for i in range(x.size):
        dy[i] = dy[i] if x[i] > ZERO else (a * dy[i] if x[i] <= ZERO else x[i])


@kernel
def elu_forward(x: "N", y: "N", alpha: "float64[1]"):
    a = x.dtype.type(alpha[0])
    for i in range(x.size):
        y[i] = x[i] if x[i] > ZERO else a * expm1(x[i])


@kernel
def elu_backward(x: "N", dy: "N", alpha: "float64[1]"):
    a = x.dtype.type(alpha[0])
    for i in range(x.size):
        dy[i] = dy[i] if x[i] > ZERO else dy[i] * a * exp(x[i])


@kernel
def gelu_forward(x: "N", y: "N"):
    """x/2·(1 + tanh u) = x·sigmoid(2u), which costs half as much."""
    real = x.dtype.type
    root, cubic = real(1.5957691216057308), real(0.044715)  # 2·√(2/π)
    for i in range(x.size):
        value = x[i] * sigmoid(root * x[i] * (ONE + cubic * x[i] * x[i]))
        y[i] = value if x[i] != -INFINITE else ZERO


@kernel
def gelu_backward(x: "N", dy: "N"):
    real = x.dtype.type
    root, cubic = real(1.5957691216057308), real(0.044715)
    for i in range(x.size):
        square = cubic * x[i] * x[i]
        s = sigmoid(root * x[i] * (ONE + square))
        slope = root * (ONE + real(3) * square)
        factor = s + x[i] * s * (ONE - s) * slope
        dy[i] *= factor if abs(x[i]) < FLAT else s


@kernel
def silu_forward(x: "N", y: "N"):
    for i in range(x.size):
        value = x[i] * sigmoid(x[i])
        y[i] = value if x[i] != -INFINITE else ZERO


@kernel
def silu_backward(x: "N", dy: "N"):
    for i in range(x.size):
        near = x[i] if not abs(x[i]) > FLAT else (FLAT if x[i] > ZERO else -FLAT)
        s = sigmoid(near)
        dy[i] *= s * (ONE + near * (ONE - s))


@kernel
def tanh_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = tanh(x[i])


@kernel
def tanh_backward(y: "N", dy: "N"):
    for i in range(y.size):
        dy[i] *= ONE - y[i] * y[i]


@kernel
def sigmoid_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = sigmoid(x[i])


@kernel
def sigmoid_backward(y: "N", dy: "N"):
    for i in range(y.size):
        dy[i] *= y[i] * (ONE - y[i])


@kernel
def softplus_forward(x: "N", y: "N"):
    for i in range(x.size):
        y[i] = softplus(x[i])


@kernel
def softplus_backward(x: "N", dy: "N"):
    for i in range(x.size):
        dy[i] *= sigmoid(x[i])


@kernel
def sin_forward(x: "N", y: "N", frequency: "float64[1]"):
    w = x.dtype.type(frequency[0])
    for i in range(x.size):
        y[i] = sin(w * x[i])


@kernel
def sin_backward(x: "N", dy: "N", frequency: "float64[1]"):
    w = x.dtype.type(frequency[0])
    for i in range(x.size):
        dy[i] *= w * cos(w * x[i])
