"""What happens between the gradients and the optimizer: sampling, collecting, penalties, norms, clipping."""

import numpy as np

from engine.kernels.maths import ONE, ZERO, key_of, mix64
from engine.machine.kernel import device, kernel
from engine.machine.registers import LOSS, MICRO, NORM, SAMPLES, SCALE, SEED

SHUFFLE_STREAM = 0
BLOCK = 1024  # elements


@kernel
def draw_batch(clock: "int64[C]", order: "int64[R]", order_epoch: "int64[1]", indices: "int64[B]"):
    """The next B rows of the endless sequence of shuffled epochs; `order` holds the one of `order_epoch`."""
    R = order.size
    epoch = clock[SAMPLES] // R
    place = clock[SAMPLES] - epoch * R
    for i in range(indices.size):
        if place == R:
            epoch += 1
            place = 0
        if epoch != order_epoch[0]:
            shuffle(order, key_of(clock[SEED], epoch, SHUFFLE_STREAM))
            order_epoch[0] = epoch
        indices[i] = order[place]
        place += 1
    clock[SAMPLES] += indices.size


@device
def shuffle(order, key):
    """Fisher–Yates from the identity: the order depends on the key alone."""
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        bits = mix64(key + np.uint64(i)) >> np.uint64(32)
        j = np.int64((bits * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]


@kernel
def gather(data: "L", indices: "int64[N] below (L - F) // stride + 1", rows: "N,F", stride: "int"):
    """Row r of the data begins at r·stride; rows that begin less than F apart are windows over a stream."""
    for n in range(indices.size):
        first = indices[n] * stride
        for f in range(rows.shape[1]):
            rows[n, f] = data[first + f]


@kernel
def collect_losses(losses: "float64[S]", clock: "int64[C]", scalars: "float64[K]", micros: "int"):
    """The batch's loss: the sum over shards, the mean over accumulated micro-batches."""
    total = 0.0
    for s in range(losses.size):
        total += losses[s]
    total /= micros
    scalars[LOSS] = total if clock[MICRO] == 0 else scalars[LOSS] + total
    clock[MICRO] += 1


@kernel
def collect_gradients(
    shards: "S,Q", total: "P", clock: "int64[C]", start: "int below Q - P + 1", micros: "int"
):
    """total (+)= Σ shards[:, start:] / micros, in the order of the shards, a block at a time to stay in cache."""
    scale = ONE / total.dtype.type(micros)
    for first in range(0, total.size, BLOCK):
        last = min(first + BLOCK, total.size)
        block = total[first:last]
        if clock[MICRO] == 0:
            block[:] = ZERO
        for s in range(shards.shape[0]):
            add_scaled(shards[s, start + first : start + last], scale, block)


@device
def add_scaled(source, scale, total):
    for i in range(total.size):
        total[i] += source[i] * scale


@kernel
def penalize(p: "P", g: "P", penalty: "float64[2]"):
    """Add the gradient of l1·Σ|p| + l2/2·Σp²."""
    l1 = p.dtype.type(penalty[0])
    l2 = p.dtype.type(penalty[1])
    for i in range(p.size):
        g[i] += l2 * p[i] + l1 * np.sign(p[i])


@kernel
def square_sum(g: "P", partial: "float64[1]"):
    total = g.dtype.type(0)
    for i in range(g.size):
        total += g[i] * g[i]
    partial[0] += total


@kernel
def clear(values: "float64[K]"):
    values[:] = 0


@kernel
def measure_norm(partials: "float64[K]", clip: "float64[2]", scalars: "float64[S]"):
    """The gradient's norm before clipping, and the factor that clips it to clip[0] (0: no limit)."""
    total = 0.0
    for k in range(partials.size):
        total += partials[k]
    norm = np.sqrt(total)
    scalars[NORM] = norm
    scalars[SCALE] = clip[0] / norm if 0 < clip[0] < norm else 1.0


@kernel
def clip_gradient(g: "P", clip: "float64[2]", scalars: "float64[S]"):
    """Scale by the factor of the norm, then bound each value to ±clip[1] (0: no limit)."""
    scale = g.dtype.type(scalars[SCALE])
    bound = g.dtype.type(clip[1])
    if scalars[SCALE] != 1.0:
        for i in range(g.size):
            g[i] *= scale
    if clip[1] > 0:
        for i in range(g.size):
            g[i] = min(max(g[i], -bound), bound)


@kernel
def average(p: "P", mean: "P", decay: "float64[1]"):
    """mean ← decay·mean + (1 − decay)·p"""
    keep = p.dtype.type(decay[0])
    for i in range(p.size):
        mean[i] += (ONE - keep) * (p[i] - mean[i])
