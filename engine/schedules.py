"""Schedules: the learning rate as a function of the step, each with an optional linear warm-up.

A warm-up gives the steps 0 … warmup − 1 the factors 1/warmup … 1, as PyTorch's LinearLR from 1/warmup. What falls
over the whole run reaches its end after the last step, as PyTorch's schedulers do; one_cycle at the last step itself,
as its OneCycleLR.
"""

from typing import Annotated

import numpy as np

from engine.component import Component
from engine.hyper import hyper

Warmup = Annotated[int, hyper("steps of linear warm-up from 0", ge=0, live=True, unit="steps")]
Floor = Annotated[float, hyper("minimum learning rate as a fraction of lr", ge=0, le=1, live=True)]


class Schedule(Component, tag_field="name"):
    """Gives the factor on `lr` for each step; a subclass says what happens after the warm-up."""

    warmup: Warmup = 0

    live_family = True

    def factors(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The factor (S,) for step numbers (S,), the first step being 0, in a run of `total` steps."""
        steps = steps.astype(np.float64)
        after = self.shape(np.maximum(steps - self.warmup, 0), max(1, total - self.warmup))
        return np.where(steps < self.warmup, (steps + 1) / max(1, self.warmup), after)

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The factor for steps counted from the end of the warm-up, of `total` such steps."""
        raise NotImplementedError


class ConstantRate(Schedule, tag="constant"):
    """lr stays constant."""

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        return np.ones_like(steps)


class StepDecay(Schedule, tag="step"):
    """lr is multiplied by `gamma` every `every` steps (PyTorch's StepLR)."""

    every: Annotated[int, hyper("steps between drops", ge=1, live=True, unit="steps")] = 1000
    gamma: Annotated[float, hyper("factor of each drop", gt=0, le=1, live=True)] = 0.5

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        return self.gamma ** np.floor(steps / self.every)


class Exponential(Schedule, tag="exponential"):
    """lr falls by the factor `gamma` every `every` steps, smoothly (PyTorch's ExponentialLR)."""

    every: Annotated[int, hyper("steps over which lr falls by gamma", ge=1, live=True, unit="steps")] = 1000
    gamma: Annotated[float, hyper("factor over that many steps", gt=0, le=1, live=True)] = 0.5

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        return self.gamma ** (steps / self.every)


class Cosine(Schedule, tag="cosine"):
    """lr falls along half a cosine to `floor`, which it reaches after the last step, in `cycles` equal parts with
    warm restarts (Loshchilov & Hutter 2017)."""

    floor: Floor = 0.0
    cycles: Annotated[int, hyper("number of cycles", ge=1, live=True)] = 1

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        progress = np.minimum(steps / total, 1) * self.cycles
        phase = np.where(progress >= self.cycles, 1, progress - np.floor(progress))
        return self.floor + (1 - self.floor) * (1 + np.cos(np.pi * phase)) / 2


class OneCycle(Schedule, tag="one_cycle"):
    """lr rises along a cosine from `start` to 1 in the first fraction `rise`, then falls to `floor` at the last step
    (Smith & Topin 2018; PyTorch's OneCycleLR)."""

    rise: Annotated[float, hyper("fraction of the steps in which lr rises", gt=0, lt=1, live=True)] = 0.3
    start: Annotated[float, hyper("initial learning rate as a fraction of lr", gt=0, le=1, live=True)] = 0.04
    floor: Floor = 1e-4

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        last = max(1, total - 1)
        peak = min(max(0.0, self.rise * total - 1), last - 1e-9)  # may lie between two steps
        up = cosine_between(self.start, 1.0, steps / max(peak, 1e-9))
        down = cosine_between(1.0, self.floor, (steps - peak) / (last - peak))
        return np.where(steps < peak, up, down)


class WarmupStableDecay(Schedule, tag="warmup_stable_decay"):
    """lr stays at its height after the warm-up and falls linearly to `floor`, which it reaches after the last step,
    in the last fraction `decay` (Hu et al. 2024); with decay = 1 it falls all the time."""

    decay: Annotated[float, hyper("fraction of the steps in which lr falls", gt=0, le=1, live=True)] = 0.2
    floor: Floor = 0.0

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        left = np.clip((1 - steps / total) / self.decay, 0, 1)
        return self.floor + (1 - self.floor) * left


class Plateau(Schedule, tag="plateau"):
    """lr is multiplied by `gamma` when the monitored value has not improved for `patience` evaluations, and again
    after as many more (Keras's ReduceLROnPlateau; PyTorch's waits for one evaluation more)."""

    gamma: Annotated[float, hyper("factor of each drop", gt=0, lt=1, live=True)] = 0.5
    patience: Annotated[int, hyper("evaluations without improvement", ge=1, live=True)] = 5
    floor: Floor = 1e-3

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        return np.ones_like(steps)

    def dropped(self, factor: float, evaluations_since_best: int) -> float:
        """The factor after one more evaluation that was the n-th without improvement."""
        if evaluations_since_best and evaluations_since_best % self.patience == 0:
            return max(self.floor, factor * self.gamma)
        return factor


def cosine_between(start: float, end: float, progress: np.ndarray) -> np.ndarray:
    result: np.ndarray = end + (start - end) * (1 + np.cos(np.pi * np.clip(progress, 0, 1))) / 2
    return result
