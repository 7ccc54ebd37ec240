"""Optimizers: one pass over a stretch of flat memory. h holds the optimizer's numbers in the order of its fields."""

import numpy as np

from engine.jit import kernel
from engine.kernels.maths import ONE
from engine.places import LR, UPDATES


@kernel
def adamw_step(
    p: "P", g: "P", m: "P", v: "P", h: "float64[H]", scalars: "float64[S]", clock: "int64[C]", decay: "int"
):
    real = p.dtype.type
    lr, beta1, beta2, epsilon, weight_decay = scalars[LR], h[0], h[1], h[2], h[3]
    t = clock[UPDATES] + 1
    rate = real(lr / (1.0 - beta1**t))
    root = real(1.0 / np.sqrt(1.0 - beta2**t))
    shrink = real(1.0 - lr * weight_decay) if decay else ONE
    b1, b2, eps = real(beta1), real(beta2), real(epsilon)
    for i in range(p.size):
        m[i] = b1 * m[i] + (ONE - b1) * g[i]
        v[i] = b2 * v[i] + (ONE - b2) * g[i] * g[i]
        p[i] = p[i] * shrink - rate * m[i] / (np.sqrt(v[i]) * root + eps)
