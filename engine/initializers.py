"""Initializers: how parameters begin. Each draws in float64 from a generator of the parameter's own."""

from math import sqrt
from typing import Annotated, Literal

import numpy as np

from engine.component import Component
from engine.hyper import hyper

Shape = tuple[int, ...]

Gain = Annotated[float, hyper("scale of the standard deviation", gt=0)]
Distribution = Annotated[Literal["normal", "uniform"], hyper("distribution, at the same variance")]


class Initializer(Component, tag_field="name"):
    """Draws the first values of a parameter of shape (…, fan_in, fan_out) or (size,)."""

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """First values of that shape, in float64."""
        raise NotImplementedError


class Auto(Initializer, tag="auto"):
    """Chosen by the activation that follows: He for the ReLU family, Xavier for tanh and sigmoid, SIREN for sin,
    else LeCun."""


class Zeros(Initializer, tag="zeros"):
    """All zeros."""

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return np.zeros(shape)


class Constant(Initializer, tag="constant"):
    """All the same value."""

    value: Annotated[float, hyper("the constant")] = 0.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return np.full(shape, self.value)


class Normal(Initializer, tag="normal"):
    """Normal with mean 0, whatever the layer's size."""

    std: Annotated[float, hyper("standard deviation", gt=0, log=True)] = 0.02

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.normal(0, self.std, shape)


class Uniform(Initializer, tag="uniform"):
    """Uniform between ±bound, whatever the layer's size."""

    bound: Annotated[float, hyper("maximum absolute value", gt=0, log=True)] = 0.05

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.uniform(-self.bound, self.bound, shape)


class Xavier(Initializer, tag="xavier"):
    """Variance gain²·2/(fan_in + fan_out) (Glorot & Bengio 2010)."""

    gain: Gain = 1.0
    distribution: Distribution = "uniform"

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return draw(rng, self.distribution, self.gain * sqrt(2 / sum(fans(shape))), shape)


class He(Initializer, tag="he"):
    """Variance gain²·2/fan_in (He et al. 2015)."""

    gain: Gain = 1.0
    distribution: Distribution = "normal"

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return draw(rng, self.distribution, self.gain * sqrt(2 / fans(shape)[0]), shape)


class LeCun(Initializer, tag="lecun"):
    """Variance gain²/fan_in (LeCun et al. 1998)."""

    gain: Gain = 1.0
    distribution: Distribution = "normal"

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return draw(rng, self.distribution, self.gain * sqrt(1 / fans(shape)[0]), shape)


class Orthogonal(Initializer, tag="orthogonal"):
    """gain times a matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014)."""

    gain: Annotated[float, hyper("scale of the matrix", gt=0)] = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        rows, columns = int(np.prod(shape[:-1])), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q *= np.where(np.diag(r) < 0, -1, 1)  # without this, not every such matrix is equally likely
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Siren(Initializer, tag="siren"):
    """Uniform between ±√(6/fan_in)/frequency, for weights between two layers of sines (Sitzmann et al. 2020)."""

    frequency: Annotated[float, hyper("the factor in sin(frequency·x)", gt=0, log=True)] = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        bound = sqrt(6 / fans(shape)[0]) / self.frequency
        return rng.uniform(-bound, bound, shape)


def draw(rng: np.random.Generator, distribution: str, std: float, shape: Shape) -> np.ndarray:
    """Values with mean 0 and the standard deviation `std`."""
    if distribution == "uniform":
        return rng.uniform(-sqrt(3) * std, sqrt(3) * std, shape)
    return rng.normal(0, std, shape)


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight of shape (…, inputs, outputs): leading axes are a receptive field."""
    if len(shape) < 2:
        return max(1, shape[0]), max(1, shape[0])
    field = int(np.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field
