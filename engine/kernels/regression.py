"""Losses over numbers, averaged over rows and targets: loss[0] gets this shard's part, dz its gradient."""

import numpy as np

from engine.kernels.maths import HALF, ONE
from engine.machine.kernel import device, kernel
from engine.machine.registers import BATCH


@kernel
def mean_squared_error(z: "N,K", t: "N,K", dz: "N,K", loss: "float64[1]", shard_info: "int64[L]"):
    share = share_of_one(z, shard_info)
    total = z.dtype.type(0)
    for n in range(z.shape[0]):
        for k in range(z.shape[1]):
            error = z[n, k] - t[n, k]
            total += error * error
            dz[n, k] = (share + share) * error
    loss[0] = total * share


@kernel
def mean_absolute_error(z: "N,K", t: "N,K", dz: "N,K", loss: "float64[1]", shard_info: "int64[L]"):
    share = share_of_one(z, shard_info)
    total = z.dtype.type(0)
    for n in range(z.shape[0]):
        for k in range(z.shape[1]):
            error = z[n, k] - t[n, k]
            total += abs(error)
            dz[n, k] = share * np.sign(error)
    loss[0] = total * share


@kernel
def huber(z: "N,K", t: "N,K", dz: "N,K", loss: "float64[1]", shard_info: "int64[L]", delta: "float64[1]"):
    """error²/2 up to delta, delta·(|error| − delta/2) beyond."""
    share = share_of_one(z, shard_info)
    limit = z.dtype.type(delta[0])
    total = z.dtype.type(0)
    for n in range(z.shape[0]):
        for k in range(z.shape[1]):
            error = z[n, k] - t[n, k]
            inner = min(max(error, -limit), limit)
            total += inner * (error - HALF * inner)
            dz[n, k] = share * inner
    loss[0] = total * share


@device
def share_of_one(z, shard_info):
    """What one error counts in the mean over the batch's rows and targets."""
    return ONE / z.dtype.type(shard_info[BATCH] * z.shape[1])
