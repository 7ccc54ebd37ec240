"""Optimizers: one pass over a segment of flat memory; an optimizer's fields are operands of the same names."""

import numpy as np

from engine.kernels.maths import ONE, ZERO
from engine.machine.kernel import device, kernel
from engine.machine.registers import LR, UPDATES


@device
def pull_to_zero(p, g, weight_decay, decay):
    """g += λp: weight decay as part of the gradient, where `decay` is 1."""
    if decay and weight_decay > 0:
        strength = p.dtype.type(weight_decay)
        for i in range(p.size):
            g[i] += strength * p[i]


@kernel
def sgd_step(
    p: "P", g: "P", m: "P",
    momentum: "float64[1]", nesterov: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    rate, keep = real(scalars[LR]), real(momentum[0])
    pull_to_zero(p, g, weight_decay[0], decay)
    ahead, now = (keep, ONE) if nesterov[0] else (ONE, ZERO)  # Nesterov's step looks one ahead
    for i in range(p.size):
        m[i] = keep * m[i] + g[i]
        p[i] -= rate * (ahead * m[i] + now * g[i])


@kernel
def rmsprop_step(
    p: "P", g: "P", v: "P", m: "P",
    rho: "float64[1]", epsilon: "float64[1]", momentum: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    rate, keep, eps, slide = real(scalars[LR]), real(rho[0]), real(epsilon[0]), real(momentum[0])
    pull_to_zero(p, g, weight_decay[0], decay)
    for i in range(p.size):
        v[i] = keep * v[i] + (ONE - keep) * g[i] * g[i]
        m[i] = slide * m[i] + g[i] / (np.sqrt(v[i]) + eps)
        p[i] -= rate * m[i]


@kernel
def adagrad_step(
    p: "P", g: "P", v: "P",
    epsilon: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    rate, eps = real(scalars[LR]), real(epsilon[0])
    pull_to_zero(p, g, weight_decay[0], decay)
    for i in range(p.size):
        v[i] += g[i] * g[i]
        p[i] -= rate * g[i] / (np.sqrt(v[i]) + eps)


@kernel
def adadelta_step(
    p: "P", g: "P", v: "P", u: "P",
    rho: "float64[1]", epsilon: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    rate, keep, eps = real(scalars[LR]), real(rho[0]), real(epsilon[0])
    pull_to_zero(p, g, weight_decay[0], decay)
    for i in range(p.size):
        v[i] = keep * v[i] + (ONE - keep) * g[i] * g[i]
        move = np.sqrt((u[i] + eps) / (v[i] + eps)) * g[i]
        u[i] = keep * u[i] + (ONE - keep) * move * move
        p[i] -= rate * move


@device
def adam_pass(p, g, m, v, lr, beta1, beta2, epsilon, t, shrink):
    real = p.dtype.type
    rate = real(lr / (1.0 - beta1**t))
    root = real(1.0 / np.sqrt(1.0 - beta2**t))
    b1, b2, eps = real(beta1), real(beta2), real(epsilon)
    for i in range(p.size):
        m[i] = b1 * m[i] + (ONE - b1) * g[i]
        v[i] = b2 * v[i] + (ONE - b2) * g[i] * g[i]
        p[i] = p[i] * shrink - rate * m[i] / (np.sqrt(v[i]) * root + eps)


@kernel
def adam_step(
    p: "P", g: "P", m: "P", v: "P",
    beta1: "float64[1]", beta2: "float64[1]", epsilon: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", clock: "int64[C]", decay: "int",
):  # fmt: skip
    pull_to_zero(p, g, weight_decay[0], decay)
    adam_pass(p, g, m, v, scalars[LR], beta1[0], beta2[0], epsilon[0], clock[UPDATES] + 1, ONE)


@kernel
def adamw_step(
    p: "P", g: "P", m: "P", v: "P",
    beta1: "float64[1]", beta2: "float64[1]", epsilon: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", clock: "int64[C]", decay: "int",
):  # fmt: skip
    shrink = p.dtype.type(1.0 - scalars[LR] * weight_decay[0]) if decay else ONE
    adam_pass(p, g, m, v, scalars[LR], beta1[0], beta2[0], epsilon[0], clock[UPDATES] + 1, shrink)


@kernel
def nadam_step(
    p: "P", g: "P", m: "P", v: "P",
    beta1: "float64[1]", beta2: "float64[1]", epsilon: "float64[1]", weight_decay: "float64[1]",
    momentum_decay: "float64[1]",
    scalars: "float64[S]", clock: "int64[C]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    lr, mean_decay, square_decay, fading = scalars[LR], beta1[0], beta2[0], 0.96 ** momentum_decay[0]
    t = clock[UPDATES] + 1
    now = mean_decay * (1.0 - 0.5 * fading**t)
    ahead = mean_decay * (1.0 - 0.5 * fading ** (t + 1))
    so_far = mean_decay**t * product_of_momenta(fading, t)
    to_gradient, to_mean = real(lr * (1.0 - now) / (1.0 - so_far)), real(lr * ahead / (1.0 - so_far * ahead))
    root = real(1.0 / np.sqrt(1.0 - square_decay**t))
    b1, b2, eps = real(mean_decay), real(square_decay), real(epsilon[0])
    pull_to_zero(p, g, weight_decay[0], decay)
    for i in range(p.size):
        m[i] = b1 * m[i] + (ONE - b1) * g[i]
        v[i] = b2 * v[i] + (ONE - b2) * g[i] * g[i]
        p[i] -= (to_gradient * g[i] + to_mean * m[i]) / (np.sqrt(v[i]) * root + eps)


@device
def product_of_momenta(fading, t):
    """Π (1 − q^i/2) for i = 1 … t, q being `fading`: a function of the step, so that nothing need be remembered.

    −log Π = Σ_k 2^−k/k · Σ_i q^(ik), and the inner sum is geometric.
    """
    total, share, power, end = 0.0, 1.0, 1.0, 1.0
    for k in range(1, 54):
        share *= 0.5
        power *= fading
        end *= fading**t
        total += share / k * (power * (1.0 - end) / (1.0 - power) if power < 1.0 else t)
    return np.exp(-total)


@kernel
def lion_step(
    p: "P", g: "P", m: "P",
    beta1: "float64[1]", beta2: "float64[1]", weight_decay: "float64[1]",
    scalars: "float64[S]", decay: "int",
):  # fmt: skip
    real = p.dtype.type
    lr = scalars[LR]
    rate, b1, b2 = real(lr), real(beta1[0]), real(beta2[0])
    shrink = real(1.0 - lr * weight_decay[0]) if decay else ONE
    for i in range(p.size):
        blend = b1 * m[i] + (ONE - b1) * g[i]
        step = rate if blend > ZERO else (-rate if blend < ZERO else ZERO)
        p[i] = p[i] * shrink - step
        m[i] = b2 * m[i] + (ONE - b2) * g[i]
