"""Initializers: how parameters begin. Each draws in float64 from a generator of the parameter's own."""

from math import sqrt
from typing import Annotated

import numpy as np

from engine.component import Component, members
from engine.hyper import hyper

Shape = tuple[int, ...]


class Initializer(Component, tag_field="name"):
    """Draws the first values of a parameter of shape (…, fan_in, fan_out) or (size,)."""

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        raise NotImplementedError

    def suited(self, activation_initializer: str) -> "Initializer":
        """This initializer, or, for `auto`, the one named by the activation that follows."""
        return self


class Auto(Initializer, tag="auto"):
    """What suits the activation that follows: He for the ReLU family, Xavier for tanh and sigmoid, else LeCun."""

    def suited(self, activation_initializer: str) -> Initializer:
        return members(Initializer)[activation_initializer]()  # type: ignore[return-value]


class Zeros(Initializer, tag="zeros"):
    """All zeros."""

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return np.zeros(shape)


class Xavier(Initializer, tag="xavier"):
    """Uniform with variance gain²·2/(fan_in + fan_out) (Glorot & Bengio 2010)."""

    gain: Annotated[float, hyper("factor on the standard deviation", gt=0)] = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        bound = self.gain * sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-bound, bound, shape)


class He(Initializer, tag="he"):
    """Normal with variance gain²·2/fan_in (He et al. 2015)."""

    gain: Annotated[float, hyper("factor on the standard deviation", gt=0)] = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.normal(0, self.gain * sqrt(2 / fans(shape)[0]), shape)


class LeCun(Initializer, tag="lecun"):
    """Normal with variance gain²/fan_in (LeCun et al. 1998)."""

    gain: Annotated[float, hyper("factor on the standard deviation", gt=0)] = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.normal(0, self.gain * sqrt(1 / fans(shape)[0]), shape)


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight of shape (…, inputs, outputs): leading axes are a receptive field."""
    if len(shape) < 2:
        return max(1, shape[0]), max(1, shape[0])
    field = int(np.prod(shape[:-2]))
    return shape[-2] * field, shape[-1] * field
