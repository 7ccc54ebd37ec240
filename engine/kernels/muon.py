"""Muon: a step for a whole matrix, and AdamW for what is no hidden matrix."""

import numpy as np

from engine.kernels.maths import ONE
from engine.kernels.optimizers import adam_pass
from engine.machine.kernel import device, kernel
from engine.machine.registers import LR, UPDATES

ITERATIONS = 5


@kernel
def muon_step(
    p: "I,O", g: "I,O", m: "I,O", x: "I,O", y: "I,O", a: "K,K", b: "K,K",
    momentum: "float64[1]", nesterov: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", decay: "int",
):  # fmt: skip
    """x is the momentum made nearly orthogonal; y, a and b are room to work in, K the smaller of I and O."""
    real = p.dtype.type
    lr, keep, nesterov = scalars[LR], real(momentum[0]), nesterov[0] != 0
    I, O = p.shape
    squares = real(0)
    for i in range(I):
        for o in range(O):
            m[i, o] = keep * m[i, o] + (ONE - keep) * g[i, o]
            x[i, o] = g[i, o] + keep * (m[i, o] - g[i, o]) if nesterov else m[i, o]
            squares += x[i, o] * x[i, o]
    x *= ONE / max(np.sqrt(squares), real(1e-7))
    orthogonalize(x, y, a, b)
    rate = real(lr * np.sqrt(max(1.0, O / I)))
    shrink = real(1.0 - lr * weight_decay[0]) if decay else ONE
    for i in range(I):
        for o in range(O):
            p[i, o] = p[i, o] * shrink - rate * x[i, o]


@device
def orthogonalize(x, y, a, b):
    """Newton–Schulz: x ← 3.4445x − 4.7750(xxᵀ)x + 2.0315(xxᵀ)²x brings the singular values close to 1."""
    real = x.dtype.type
    linear, cubic, quintic = real(3.4445), real(-4.7750), real(2.0315)
    wide = x.shape[0] <= x.shape[1]
    for _ in range(ITERATIONS):
        if wide:
            np.dot(x, x.T, a)
        else:
            np.dot(x.T, x, a)
        np.dot(a, a, b)
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                b[i, j] = cubic * a[i, j] + quintic * b[i, j]
        if wide:
            np.dot(b, x, y)
        else:
            np.dot(x, b, y)
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                x[i, j] = linear * x[i, j] + y[i, j]


@kernel
def muon_rest_step(
    p: "P", g: "P", m: "P", v: "P",
    weight_decay: "float64[1]", rest: "float64[1]", beta1: "float64[1]", beta2: "float64[1]",
    epsilon: "float64[1]",
    scalars: "float64[S]", clock: "int64[C]", decay: "int",
):  # fmt: skip
    lr = scalars[LR] * rest[0]
    shrink = p.dtype.type(1.0 - lr * weight_decay[0]) if decay else ONE
    adam_pass(p, g, m, v, lr, beta1[0], beta2[0], epsilon[0], clock[UPDATES] + 1, shrink)
