"""Losses over classes: loss[0] gets this shard's part of the batch's mean, dz its gradient."""

import numpy as np

from engine.kernels.maths import HALF, ONE, ZERO, exp_all, largest, log, sigmoid, softplus
from engine.machine.kernel import kernel
from engine.machine.registers import BATCH


@kernel
def cross_entropy(
    z: "N,C", t: "N,1 below C or -1", dz: "N,C", loss: "float64[1]", shard_info: "int64[L]",
    smoothing: "float64[1]", weights: "C", scored: "1",
):  # fmt: skip
    """−Σ q·log softmax(z), q the one-hot target smoothed by a share spread over all classes.

    N counts positions; one with a target below 0 is passed over. The sum is divided by the batch's rows times
    the positions of a row that count on average.
    """
    real = z.dtype.type
    N, C = z.shape
    share = real(smoothing[0])
    rest = share / real(C)
    mean = real(1) / (real(shard_info[BATCH]) * scored[0])
    for n in range(N):
        top = largest(z[n])
        for c in range(C):
            dz[n, c] = z[n, c] - top
    total = real(0)
    for n in range(N):
        target = int(t[n, 0])
        if target < 0:
            continue
        row = real(0)
        for c in range(C):
            row += dz[n, c]
        total += weights[target] * ((real(1) - share) * dz[n, target] + rest * row)
    exp_all(dz.reshape(N * C))
    for n in range(N):
        target = int(t[n, 0])
        if target < 0:
            dz[n] = ZERO
            continue
        weight = weights[target] * mean
        norm = real(0)
        for c in range(C):
            norm += dz[n, c]
        total -= weights[target] * log(norm)
        scale = weight / norm
        for c in range(C):
            dz[n, c] = dz[n, c] * scale - rest * weight
        dz[n, target] -= (real(1) - share) * weight
    loss[0] = -total * mean


@kernel
def binary_cross_entropy(
    z: "N", t: "N", dz: "N", loss: "float64[1]", shard_info: "int64[L]", smoothing: "float64[1]", weights: "2"
):
    """log(1 + e^z) − q·z, q the target (0 or 1) drawn towards ½ by the smoothing."""
    real = z.dtype.type
    share = real(smoothing[0])
    mean = ONE / real(shard_info[BATCH])
    first, step = weights[0], weights[1] - weights[0]
    total = real(0)
    for n in range(z.size):
        weight = first + step * t[n]
        q = t[n] + share * (HALF - t[n])
        total += weight * (softplus(z[n]) - q * z[n])
        dz[n] = weight * mean * (sigmoid(z[n]) - q)
    loss[0] = total * mean


@kernel
def hinge_of_two(
    z: "N", t: "N", dz: "N", loss: "float64[1]", shard_info: "int64[L]", margin: "float64[1]", weights: "2"
):
    """max(0, margin − s·z), s = −1 for the first class and +1 for the second."""
    real = z.dtype.type
    wanted = real(margin[0])
    mean = ONE / real(shard_info[BATCH])
    first, step = weights[0], weights[1] - weights[0]
    total = real(0)
    for n in range(z.size):
        side = t[n] + t[n] - ONE
        weight = first + step * t[n]
        gap = wanted - side * z[n]
        total += ZERO if gap < ZERO else weight * gap
        dz[n] = -side * weight * mean if gap > ZERO else ZERO
    loss[0] = total * mean


@kernel
def hinge_of_many(
    z: "N,C",
    t: "N,1 below C",
    dz: "N,C",
    loss: "float64[1]",
    shard_info: "int64[L]",
    margin: "float64[1]",
    weights: "C",
):
    """Σ max(0, margin − z[target] + z[c])/C over the classes c besides the target."""
    real = z.dtype.type
    N, C = z.shape
    wanted = real(margin[0])
    mean = ONE / real(shard_info[BATCH])
    total = real(0)
    for n in range(N):
        target = int(t[n, 0])
        weight = weights[target] / real(C)
        limit = wanted - z[n, target]
        row, pull = real(0), real(0)
        for c in range(C):
            gap = limit + z[n, c]
            row += ZERO if gap < ZERO else gap
            dz[n, c] = weight * mean if gap > ZERO else ZERO
            pull += dz[n, c]
        total += weight * (row - wanted)  # the target itself came along with a gap of margin
        dz[n, target] -= pull
    loss[0] = total * mean


@kernel
def focal_of_two(
    z: "N",
    t: "N below 2",
    dz: "N",
    loss: "float64[1]",
    shard_info: "int64[L]",
    gamma: "float64[1]",
    weights: "2",
):
    """−(1 − p)^γ·log p, p the probability of the target by one logit."""
    real = z.dtype.type
    power = real(gamma[0])
    mean = ONE / real(shard_info[BATCH])
    first, step = weights[0], weights[1] - weights[0]
    total = real(0)
    for n in range(z.size):
        side = t[n] + t[n] - ONE
        own, rest = sigmoid(side * z[n]), sigmoid(-side * z[n])
        log_p = -softplus(-side * z[n])
        weight = (first + step * t[n]) * rest**power
        total -= weight * log_p
        dz[n] = side * weight * mean * (power * own * log_p - rest)
    loss[0] = total * mean


@kernel
def focal_of_many(
    z: "N,C", t: "N,1 below C or -1", dz: "N,C", loss: "float64[1]", shard_info: "int64[L]",
    gamma: "float64[1]", weights: "C", scored: "1",
):  # fmt: skip
    """−(1 − p)^γ·log p, p the softmax of the target; positions count as for cross_entropy."""
    real = z.dtype.type
    N, C = z.shape
    power = real(gamma[0])
    mean = ONE / (real(shard_info[BATCH]) * scored[0])
    for n in range(N):
        top = largest(z[n])
        for c in range(C):
            dz[n, c] = z[n, c] - top
    exp_all(dz.reshape(N * C))
    total = real(0)
    for n in range(N):
        target = int(t[n, 0])
        if target < 0:
            dz[n] = ZERO
            continue
        own = dz[n, target]
        dz[n, target] = ZERO
        rest = real(0)
        for c in range(C):
            rest += dz[n, c]
        norm = own + rest
        log_p = z[n, target] - largest(z[n]) - log(norm)
        if own > rest:
            log_p = real(-np.log1p(rest / own))  # exact near 0, where the gradient hangs on it
        weight = weights[target] * (rest / norm) ** power
        total -= weight * log_p
        pull = weight * mean * (power * own / norm * log_p - rest / norm)
        scale = pull / rest if rest > ZERO else ZERO
        for c in range(C):
            dz[n, c] *= -scale
        dz[n, target] = pull
    loss[0] = total * mean
