"""Adafactor: a step for one whole parameter; of a matrix only the sums over rows and columns are remembered."""

import numpy as np

from engine.kernels.maths import ONE
from engine.machine.kernel import device, kernel
from engine.machine.registers import LR, UPDATES


@kernel
def adafactor_matrix_step(
    p: "I,O", g: "I,O", row: "I", column: "O",
    decay_rate: "float64[1]", epsilon: "float64[1]", least_scale: "float64[1]", clip: "float64[1]",
    weight_decay: "float64[1]",
    scalars: "float64[S]", clock: "int64[C]", decay: "int",
):  # fmt: skip
    """row and column are running means of g² over the other axis; their outer product over the mean of row stands
    for the running mean of g² itself."""
    real = p.dtype.type
    I, O = p.shape
    keep, eps = mean_decay(clock, decay_rate[0], real), real(epsilon[0])
    for o in range(O):
        column[o] *= keep
    mean = 0.0
    for i in range(I):
        total = real(0)
        for o in range(O):
            square = g[i, o] * g[i, o] + eps
            total += square
            column[o] += (ONE - keep) / real(I) * square
        row[i] = keep * row[i] + (ONE - keep) / real(O) * total
        mean += row[i]
    mean /= I
    squares = 0.0
    for i in range(I):
        root = real(np.sqrt(row[i] / mean))
        total = real(0)
        for o in range(O):
            move = g[i, o] / (root * np.sqrt(column[o]))  # the roots' product does not underflow
            total += move * move
        squares += total
    rate = rate_of(p.reshape(I * O), squares, least_scale[0], clip[0], scalars[LR], clock)
    shrink = shrink_of(decay, scalars[LR], weight_decay[0], real)
    for i in range(I):
        root = real(np.sqrt(row[i] / mean))
        for o in range(O):
            p[i, o] = p[i, o] * shrink - rate * g[i, o] / (root * np.sqrt(column[o]))


@kernel
def adafactor_vector_step(
    p: "P", g: "P", v: "P",
    decay_rate: "float64[1]", epsilon: "float64[1]", least_scale: "float64[1]", clip: "float64[1]",
    weight_decay: "float64[1]",
    scalars: "float64[S]", clock: "int64[C]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    keep, eps = mean_decay(clock, decay_rate[0], real), real(epsilon[0])
    squares = 0.0
    for i in range(p.size):
        v[i] = keep * v[i] + (ONE - keep) * (g[i] * g[i] + eps)
        squares += g[i] * g[i] / v[i]
    rate = rate_of(p, squares, least_scale[0], clip[0], scalars[LR], clock)
    shrink = shrink_of(decay, scalars[LR], weight_decay[0], real)
    for i in range(p.size):
        p[i] = p[i] * shrink - rate * g[i] / np.sqrt(v[i])


@device
def mean_decay(clock, decay_rate, real):
    """β₂ of this step, 1 − t^−decay_rate: 0 at the first one, so that no bias needs correction."""
    return real(1.0 - float(clock[UPDATES] + 1) ** -decay_rate)


@device
def rate_of(p, squares, least_scale, clip, lr, clock):
    """The step's size: relative to the parameter's own, falling as 1/√t, less where the update's RMS is above `clip`;
    `squares` is the update's sum of squares before."""
    total = 0.0
    for i in range(p.size):
        total += p[i] * p[i]
    own = max(np.sqrt(total / p.size), least_scale)
    relative = min(lr, 1.0 / np.sqrt(float(clock[UPDATES] + 1)))
    return p.dtype.type(own * relative / max(1.0, np.sqrt(squares / p.size) / clip))


@device
def shrink_of(decay, lr, weight_decay, real):
    return real(1.0 - lr * weight_decay) if decay else ONE
