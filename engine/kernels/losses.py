"""Losses: loss[0] gets this shard's part of the batch's mean, dz its gradient."""

from engine.jit import device, kernel
from engine.kernels.maths import exp, log
from engine.places import BATCH


@kernel
def cross_entropy(
    z: "N,C", t: "N,1", dz: "N,C", loss: "float64[1]", lane: "int64[L]", smoothing: "float64[1]", weights: "C"
):
    """−Σ q·log softmax(z), q the one-hot target smoothed by a share spread over all classes."""
    real = z.dtype.type
    N, C = z.shape
    share = real(smoothing[0])
    rest = share / real(C)
    mean = real(1) / real(lane[BATCH])
    for n in range(N):
        top = z[n, 0]
        for c in range(1, C):
            top = max(top, z[n, c])
        for c in range(C):
            dz[n, c] = z[n, c] - top
    total = real(0)
    for n in range(N):
        target = int(t[n, 0])
        row = real(0)
        for c in range(C):
            row += dz[n, c]
        total += weights[target] * ((real(1) - share) * dz[n, target] + rest * row)
    exp_all(dz.reshape(N * C))
    for n in range(N):
        target = int(t[n, 0])
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


@device
def exp_all(a):
    """e^a in place, in one loop over flat memory that vectorises however short the rows are."""
    for i in range(a.size):
        a[i] = exp(a[i])
