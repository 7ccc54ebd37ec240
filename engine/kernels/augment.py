"""Changes to the rows of a batch, each a function of (seed, step of the list, row), never of history."""

import numpy as np

from engine.kernels.maths import HALF, ONE, cos, key_of, log, mix64, random_bits, sin
from engine.machine.kernel import device, kernel
from engine.machine.registers import BATCH, FIRST, SAMPLES, SEED

TURN = np.float32(2 * np.pi)
FRACTION = np.float32(2.0**-24)  # of 24 random bits: all numbers that a float32 tells apart in 0 … 1


@device
def key_of_row(clock, shard_info, stream, n):
    """A key for row n of the shard: its place in the endless sequence of samples, however that is cut."""
    place = clock[SAMPLES] - shard_info[BATCH] + shard_info[FIRST] + n
    return mix64(key_of(clock[SEED], 0, stream) ^ np.uint64(place))


@device
def uniform(key, index):
    """A number in 0 … 1 without its ends, in float32."""
    return (np.float32(np.int32(random_bits(key, index) >> np.uint32(8))) + HALF) * FRACTION


@device
def between(key, index, reach):
    """A whole number from −reach to reach, all equally likely."""
    wide = np.uint64(random_bits(key, index)) * np.uint64(2 * reach + 1)
    return np.int64(wide >> np.uint64(32)) - reach


@device
def inside(i, size):
    """The nearest index in 0 … size − 1."""
    return min(max(i, 0), size - 1)


@kernel
def add_noise(x: "N,F", std: "float64[1]", clock: "int64[C]", shard_info: "int64[L]", stream: "int"):
    """x += std·g, g standard normal: two a draw (Box & Muller 1958)."""
    F = x.shape[1]
    pairs = F // 2
    second = F - pairs
    scale = np.float32(std[0])
    if scale == 0:
        return
    for n in range(x.shape[0]):
        key = key_of_row(clock, shard_info, stream, n)
        one, other = x[n, :pairs], x[n, second:]  # apart, so that the loop vectorizes: 8 times quicker
        for f in range(pairs):
            radius = scale * np.sqrt(np.float32(-2) * log(uniform(key, 2 * f)))
            angle = TURN * uniform(key, 2 * f + 1)
            one[f] += radius * cos(angle)
            other[f] += radius * sin(angle)
        if second > pairs:
            radius = scale * np.sqrt(np.float32(-2) * log(uniform(key, 2 * pairs)))
            x[n, pairs] += radius * cos(TURN * uniform(key, 2 * pairs + 1))


@kernel
def shift(
    x: "N,H,W,C", y: "N,H,W,C", pixels: "float64[1]", clock: "int64[K]", shard_info: "int64[L]", stream: "int"
):
    """y[h, w] = x[h − down, w − right]; what comes from beyond the edge is the pixel at the edge."""
    N, H, W, C = x.shape
    reach = int(pixels[0])
    for n in range(N):
        key = key_of_row(clock, shard_info, stream, n)
        down, right = between(key, 0, reach), between(key, 1, reach)
        for h in range(H):
            row = inside(h - down, H)
            for w in range(W):
                column = inside(w - right, W)
                for c in range(C):
                    y[n, h, w, c] = x[n, row, column, c]


@kernel
def flip(
    x: "N,H,W,C",
    rate: "float64[1]",
    clock: "int64[K]",
    shard_info: "int64[L]",
    vertical: "int",
    stream: "int",
):
    """Mirror a row's image in place with probability `rate`."""
    N, H, W, C = x.shape
    for n in range(N):
        if uniform(key_of_row(clock, shard_info, stream, n), 0) >= rate[0]:
            continue
        for h in range(H // 2 if vertical else H):
            for w in range(W if vertical else W // 2):
                for c in range(C):
                    row, column = (H - 1 - h, w) if vertical else (h, W - 1 - w)
                    x[n, h, w, c], x[n, row, column, c] = x[n, row, column, c], x[n, h, w, c]


@kernel
def rotate(
    x: "N,H,W,C",
    y: "N,H,W,C",
    degrees: "float64[1]",
    clock: "int64[K]",
    shard_info: "int64[L]",
    stream: "int",
):
    """Turn about the center by an angle in ±degrees; between pixels bilinear, beyond the edge the nearest one."""
    N, H, W, C = x.shape
    middle_h, middle_w = np.float32(H - 1) * HALF, np.float32(W - 1) * HALF
    last_h, last_w = np.float32(H - 1), np.float32(W - 1)
    reach = np.float32(degrees[0] * np.pi / 180)
    for n in range(N):
        angle = reach * (uniform(key_of_row(clock, shard_info, stream, n), 0) * np.float32(2) - ONE)
        across, along = sin(angle), cos(angle)
        for h in range(H):
            for w in range(W):
                dh, dw = np.float32(h) - middle_h, np.float32(w) - middle_w
                at_h = min(max(along * dh + across * dw + middle_h, np.float32(0)), last_h)
                at_w = min(max(along * dw - across * dh + middle_w, np.float32(0)), last_w)
                top, left = int(at_h), int(at_w)
                down, right = min(top + 1, H - 1), min(left + 1, W - 1)
                low, side = at_h - np.float32(top), at_w - np.float32(left)
                for c in range(C):
                    upper = x[n, top, left, c] + side * (x[n, top, right, c] - x[n, top, left, c])
                    lower = x[n, down, left, c] + side * (x[n, down, right, c] - x[n, down, left, c])
                    y[n, h, w, c] = upper + low * (lower - upper)


@kernel
def cutout(x: "N,H,W,C", size: "float64[1]", clock: "int64[K]", shard_info: "int64[L]", stream: "int"):
    """Put 0 into a square whose middle is anywhere in the image; it may reach over the edge."""
    N, H, W, C = x.shape
    side = int(size[0])
    for n in range(N):
        key = key_of_row(clock, shard_info, stream, n)
        top = int(uniform(key, 0) * np.float32(H)) - side // 2
        left = int(uniform(key, 1) * np.float32(W)) - side // 2
        for h in range(max(top, 0), min(top + side, H)):
            for w in range(max(left, 0), min(left + side, W)):
                for c in range(C):
                    x[n, h, w, c] = 0


@kernel
def draw_share(
    alpha: "float64[1]", share: "float64[1]", clock: "int64[K]", shard_info: "int64[L]", stream: "int"
):
    """share ~ Beta(α, α), one for the whole batch (Jöhnk 1964); α = 0: 1, nothing is mixed."""
    share[0] = 1.0
    if alpha[0] <= 0:
        return
    key = mix64(key_of(clock[SEED], 0, stream) ^ np.uint64(clock[SAMPLES] - shard_info[BATCH]))
    for trial in range(1000):  # in logarithms: for a small α both powers may be too small for a number
        a = np.log(np.float64(uniform(key, 2 * trial))) / alpha[0]
        b = np.log(np.float64(uniform(key, 2 * trial + 1))) / alpha[0]
        if np.exp(a) + np.exp(b) <= 1:
            share[0] = 1 / (1 + np.exp(b - a))
            return


@kernel
def mix_rows(x: "N,F", mirror: "N,F", y: "N,F", share: "float64[1]"):
    """y[n] = share·x[n] + (1 − share)·mirror[N − 1 − n]"""
    N = x.shape[0]
    mine = x.dtype.type(share[0])
    theirs = x.dtype.type(1 - share[0])
    for n in range(N):
        for f in range(x.shape[1]):
            y[n, f] = mine * x[n, f] + theirs * mirror[N - 1 - n, f]


@kernel
def reverse_rows(x: "N,F", y: "N,F"):
    N = x.shape[0]
    for n in range(N):
        for f in range(x.shape[1]):
            y[n, f] = x[N - 1 - n, f]


@kernel
def mix_losses(dz: "N", dtwin: "N", loss: "float64[1]", other: "float64[1]", share: "float64[1]"):
    """dz ← share·dz + (1 − share)·dtwin, and the losses likewise."""
    mine = dz.dtype.type(share[0])
    theirs = dz.dtype.type(1 - share[0])
    for i in range(dz.size):
        dz[i] = mine * dz[i] + theirs * dtwin[i]
    loss[0] = share[0] * loss[0] + (1 - share[0]) * other[0]
