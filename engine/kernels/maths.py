"""Scalar mathematics that kernels share.

As Python these are NumPy's functions; in native float32 code they are polynomials that vectorise (math.exp and
math.tanh are scalar calls: 10 to 50 times slower), in float64 they are the C library's.
Constants are float32 so that a float32 kernel stays in float32; those used here are exact in it.
"""

import numpy as np

from engine.jit import device

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
