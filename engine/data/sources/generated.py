"""Generated data: a line, two classes in the plane; the formulas of the TensorFlow Playground where it has them."""

from typing import Annotated

import numpy as np

from engine.data.sources.rows import Raw, RowSource
from engine.hyper import hyper
from engine.tasks import Classification, Regression

Samples = Annotated[int, hyper("number of points", ge=10, le=1_000_000, log=True, unit="points")]
Noise = Annotated[float, hyper("amount of noise", ge=0, le=1)]


class Linear(RowSource, tag="linear", kw_only=True):
    """y = slope·x + intercept for x spread evenly over low … high, with normal noise on y."""

    samples: Samples = 100
    noise: Annotated[float, hyper("standard deviation of the noise on y", ge=0)] = 0.0
    slope: Annotated[float, hyper("slope of the line")] = 1.0
    intercept: Annotated[float, hyper("intercept of the line")] = 0.0
    low: Annotated[float, hyper("minimum of x")] = 0.0
    high: Annotated[float, hyper("maximum of x")] = 4.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low = {self.low:g} must be below high = {self.high:g}")

    def load(self, rng: np.random.Generator) -> Raw:
        x = np.linspace(self.low, self.high, self.samples)[:, None]
        y = self.slope * x + self.intercept + self.noise * rng.standard_normal(x.shape)
        return Raw(Regression(), x, y, features=("x",), targets=("y",))


class Plane(RowSource, kw_only=True):
    """Two classes of points in the plane."""

    samples: Samples = 500
    noise: Noise = 0.0

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (R, 2) and their classes (R,), 0 or 1."""
        raise NotImplementedError

    def load(self, rng: np.random.Generator) -> Raw:
        x, y = self.points(rng)
        return Raw(Classification(), x, y[:, None].astype(float), ("0", "1"), ("x1", "x2"), ("class",))


class Logistic(Plane, tag="logistic", kw_only=True):
    """Points around the origin whose class is drawn from a logistic model, sharper for less noise."""

    samples: Samples = 100
    noise: Noise = 0.2

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.normal(0, 2, (self.samples, 2))
        score = (1.5 * x[:, 0] - x[:, 1] + 0.5) / max(self.noise, 1e-9)
        return x, (rng.logistic(size=self.samples) < score).astype(int)


class Moons(Plane, tag="moons", kw_only=True):
    """Two interleaved half circles, with normal noise."""

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        y = halves(self.samples)
        first, second = np.linspace(0, np.pi, (y == 0).sum()), np.linspace(0, np.pi, (y == 1).sum())
        upper = np.column_stack([np.cos(first), np.sin(first)])
        lower = np.column_stack([1 - np.cos(second), 0.5 - np.sin(second)])
        x = np.concatenate([upper, lower])
        return x + self.noise * rng.standard_normal(x.shape), y


class Circles(Plane, tag="circles", kw_only=True):
    """A disc of radius 2.5 inside a ring from 3.5 to 5; noise moves points before they are labeled (Playground)."""

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        radius = 5.0
        ring = halves(self.samples)
        r = np.where(ring == 1, rng.uniform(0, radius * 0.5, self.samples), 0)
        r = np.where(ring == 0, rng.uniform(radius * 0.7, radius, self.samples), r)
        angle = rng.uniform(0, 2 * np.pi, self.samples)
        x = np.column_stack([r * np.sin(angle), r * np.cos(angle)])
        stray = rng.uniform(-radius, radius, x.shape) * self.noise
        inside = np.hypot(*(x + stray).T) < radius * 0.5
        return x, inside.astype(int)


class Xor(Plane, tag="xor", kw_only=True):
    """Four squares, colored like a chessboard, 0.3 off the axes; noise moves a point before it is labeled
    (Playground)."""

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.uniform(-5, 5, (self.samples, 2))
        x += np.where(x > 0, 0.3, -0.3)
        moved = x + rng.uniform(-5, 5, x.shape) * self.noise
        return x, (moved[:, 0] * moved[:, 1] >= 0).astype(int)


class Gauss(Plane, tag="gauss", kw_only=True):
    """Two round clouds at (2, 2) and (−2, −2); noise 0 … 0.5 is their variance 0.5 … 4 (Playground)."""

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        variance = 0.5 + self.noise * (4 - 0.5) / 0.5
        y = halves(self.samples)
        center = np.where(y == 1, 2.0, -2.0)[:, None]
        return center + np.sqrt(variance) * rng.standard_normal((self.samples, 2)), y


class Spiral(Plane, tag="spiral", kw_only=True):
    """Two interleaved spirals of 1¾ turns, with uniform noise (Playground)."""

    def points(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        y = halves(self.samples)
        arms = []
        for arm, turn in ((0, 0.0), (1, np.pi)):
            n = (y == arm).sum()
            along = np.arange(n) / n
            r, angle = along * 5, 1.75 * along * 2 * np.pi + turn
            stray = rng.uniform(-1, 1, (n, 2)) * self.noise
            arms.append(np.column_stack([r * np.sin(angle), r * np.cos(angle)]) + stray)
        return np.concatenate(arms), y


def halves(samples: int) -> np.ndarray:
    """Classes (R,) for the first and the second half."""
    return (np.arange(samples) >= samples // 2).astype(int)
