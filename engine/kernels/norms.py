"""Batch norm and layer norm: y = x̂·gain + bias, x̂ with mean 0 and variance 1; the backward kernels work in place."""

import numpy as np

from engine.kernels.dense import column_sums
from engine.kernels.maths import ONE, ZERO
from engine.machine.kernel import device, kernel
from engine.machine.registers import SHARDS


@kernel
def batch_norm_forward(
    x: "N,C", gain: "C", bias: "C", y: "N,C", mean: "C", variance: "C", rstd: "C", epsilon: "float64[1]"
):
    """Over the rows of this shard; mean and variance (of N, not N − 1) are kept, scale = 1/√(variance + ε)."""
    N, C = x.shape
    column_sums(x, mean)
    mean /= mean.dtype.type(N)
    variance[:] = ZERO
    for n in range(N):
        for c in range(C):
            variance[c] += (x[n, c] - mean[c]) * (x[n, c] - mean[c])
    variance /= variance.dtype.type(N)
    normalize_columns(x, gain, bias, y, mean, variance, rstd, epsilon)


@kernel
def batch_norm_evaluate(
    x: "N,C", gain: "C", bias: "C", y: "N,C", mean: "C", variance: "C", rstd: "C", epsilon: "float64[1]"
):
    """With running statistics."""
    normalize_columns(x, gain, bias, y, mean, variance, rstd, epsilon)


@device
def normalize_columns(x, gain, bias, y, mean, variance, rstd, epsilon):
    N, C = x.shape
    small = x.dtype.type(epsilon[0])
    for c in range(C):
        rstd[c] = ONE / np.sqrt(variance[c] + small)
    for n in range(N):
        for c in range(C):
            y[n, c] = (x[n, c] - mean[c]) * rstd[c] * gain[c] + bias[c]


@kernel
def batch_norm_backward(x: "N,C", gain: "C", dy: "N,C", dgain: "C", dbias: "C", mean: "C", rstd: "C"):
    """dx = gain·scale·(dy − Σdy/N − x̂·Σ(dy·x̂)/N), in the place of dy."""
    N, C = x.shape
    share = ONE / x.dtype.type(N)
    column_sums(dy, dbias)
    dgain[:] = ZERO
    for n in range(N):
        for c in range(C):
            dgain[c] += dy[n, c] * (x[n, c] - mean[c])
    dgain *= rstd
    for n in range(N):
        for c in range(C):
            normal = (x[n, c] - mean[c]) * rstd[c]
            dy[n, c] = gain[c] * rstd[c] * (dy[n, c] - share * (dbias[c] + normal * dgain[c]))


@kernel
def follow_statistics(
    mean: "C", variance: "C", running_mean: "C", running_variance: "C",
    momentum: "float64[1]", shard_info: "int64[L]", rows: "int",
):  # fmt: skip
    """Move the running statistics by momentum/shards towards a shard's; the variance is made unbiased."""
    real = mean.dtype.type
    share = real(momentum[0] / shard_info[SHARDS])
    unbiased = real(rows / (rows - 1))
    for c in range(mean.size):
        running_mean[c] += share * (mean[c] - running_mean[c])
        running_variance[c] += share * (unbiased * variance[c] - running_variance[c])


@kernel
def layer_norm_forward(x: "N,C", gain: "C", bias: "C", y: "N,C", mean: "N", rstd: "N", epsilon: "float64[1]"):
    """Over each row."""
    N, C = x.shape
    real = x.dtype.type
    share, small = ONE / real(C), real(epsilon[0])
    for n in range(N):
        total = real(0)
        for c in range(C):
            total += x[n, c]
        center = total * share
        squares = real(0)
        for c in range(C):
            squares += (x[n, c] - center) * (x[n, c] - center)
        factor = ONE / np.sqrt(squares * share + small)
        for c in range(C):
            y[n, c] = (x[n, c] - center) * factor * gain[c] + bias[c]
        mean[n], rstd[n] = center, factor


@kernel
def layer_norm_backward(x: "N,C", gain: "C", dy: "N,C", dgain: "C", dbias: "C", mean: "N", rstd: "N"):
    """dx = scale·(dx̂ − mean(dx̂) − x̂·mean(dx̂·x̂)) with dx̂ = dy·gain, in the place of dy."""
    N, C = x.shape
    real = x.dtype.type
    share = ONE / real(C)
    dgain[:] = ZERO
    dbias[:] = ZERO
    for n in range(N):
        center, factor = mean[n], rstd[n]
        total, along = real(0), real(0)
        for c in range(C):
            normal = (x[n, c] - center) * factor
            dgain[c] += dy[n, c] * normal
            dbias[c] += dy[n, c]
            total += dy[n, c] * gain[c]
            along += dy[n, c] * gain[c] * normal
        total *= share
        along *= share
        for c in range(C):
            normal = (x[n, c] - center) * factor
            dy[n, c] = factor * (dy[n, c] * gain[c] - total - normal * along)


@kernel
def rms_norm_forward(x: "N,C", gain: "C", y: "N,C", rstd: "N", epsilon: "float64[1]"):
    """Over each row, without taking the mean away."""
    N, C = x.shape
    real = x.dtype.type
    share, small = ONE / real(C), real(epsilon[0])
    for n in range(N):
        squares = real(0)
        for c in range(C):
            squares += x[n, c] * x[n, c]
        rstd[n] = ONE / np.sqrt(squares * share + small)
        for c in range(C):
            y[n, c] = x[n, c] * rstd[n] * gain[c]


@kernel
def rms_norm_backward(x: "N,C", gain: "C", dy: "N,C", dgain: "C", rstd: "N"):
    """dx = scale·(dx̂ − x̂·mean(dx̂·x̂)) with dx̂ = dy·gain, in the place of dy."""
    N, C = x.shape
    real = x.dtype.type
    share = ONE / real(C)
    dgain[:] = ZERO
    for n in range(N):
        along = real(0)
        for c in range(C):
            normal = x[n, c] * rstd[n]
            dgain[c] += dy[n, c] * normal
            along += dy[n, c] * gain[c] * normal
        along *= share
        for c in range(C):
            dy[n, c] = rstd[n] * (dy[n, c] * gain[c] - x[n, c] * rstd[n] * along)
