"""Scalar mathematics that kernels share.

As Python these are NumPy's functions; in native float32 code they are polynomials that vectorize (math.exp and
math.tanh are scalar calls: 10 to 50 times slower), in float64 they are the C library's.
Constants are float32 so that a float32 kernel stays in float32; those used here are exact in it.
"""

import numpy as np

from engine.machine.kernel import device

ONE = np.float32(1)
HALF = np.float32(0.5)
ZERO = np.float32(0)


def exp(x):
    return np.exp(x)


def expm1(x):
    return np.expm1(x)


def log(x):
    return np.log(x)


def log1p(x):
    return np.log1p(x)


def tanh(x):
    return np.tanh(x)


def sin(x):
    return np.sin(x)


def cos(x):
    return np.cos(x)


@device
def exp_all(a):
    """e^a in place, in one loop over flat memory that vectorizes however short the rows are."""
    for i in range(a.size):
        a[i] = exp(a[i])


@device
def largest(a):
    """The largest of a (N,): eight at a time, because a maximum that waits for the one before does not vectorize."""
    N = a.size
    whole = N - N % 8
    top = a[0]
    if whole:
        t0, t1, t2, t3, t4, t5, t6, t7 = a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
        for i in range(8, whole, 8):
            t0, t1, t2, t3 = max(t0, a[i]), max(t1, a[i + 1]), max(t2, a[i + 2]), max(t3, a[i + 3])
            t4, t5, t6, t7 = max(t4, a[i + 4]), max(t5, a[i + 5]), max(t6, a[i + 6]), max(t7, a[i + 7])
        top = max(max(max(t0, t1), max(t2, t3)), max(max(t4, t5), max(t6, t7)))
    for i in range(whole, N):
        top = max(top, a[i])
    return top


@device
def sigmoid(x):
    return ONE / (ONE + exp(-x))


@device
def softplus(x):
    """log(1 + e^x) without overflow."""
    return (x if x > ZERO else ZERO) + log1p(exp(-abs(x)))


@device
def mix(x):
    """Scramble 32 bits (the finalizer "lowbias32", C. Wellons)."""
    x = np.uint32(x)
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x ^= x >> np.uint32(15)
    x = np.uint32(x * np.uint32(0x846CA68B))
    x ^= x >> np.uint32(16)
    return x


@device
def mix64(x):
    """Scramble 64 bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    x = np.uint64(x)
    x = np.uint64((x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    x = np.uint64((x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return x ^ (x >> np.uint64(31))


@device
def key_of(seed, step, stream):
    """A 64-bit key for one (seed, step, stream): random numbers are a function of it and an index."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    key = mix64(np.uint64(seed) + golden)
    key = mix64(key ^ (np.uint64(step) + golden))
    return mix64(key ^ (np.uint64(stream) + golden))


@device
def random_bits(key, index):
    """32 random bits for an index below 2^32 of a key's sequence."""
    low = np.uint32(key & np.uint64(0xFFFFFFFF))
    high = np.uint32(key >> np.uint64(32))
    return mix(mix(np.uint32(index) ^ low) ^ high)
