"""Losses: loss[0] gets this shard's part of the batch's mean, dz its gradient."""

from engine.jit import kernel
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
    total = 0.0
    for n in range(N):
        target = int(t[n, 0])
        top = z[n, 0]
        for c in range(1, C):
            top = max(top, z[n, c])
        norm = real(0)
        for c in range(C):
            e = exp(z[n, c] - top)
            dz[n, c] = e
            norm += e
        log_norm = log(norm) + top
        row = real(0)
        weight = weights[target]
        scale = weight * mean / norm
        uniform = rest * weight * mean
        for c in range(C):
            row += z[n, c]
            dz[n, c] = dz[n, c] * scale - uniform
        dz[n, target] -= (real(1) - share) * weight * mean
        total += weight * (log_norm - (real(1) - share) * z[n, target] - rest * row)
    loss[0] = total * mean
