"""MNIST-1D: digits as wiggles of 40 numbers, drawn as published (Greydanus & Kobak 2020)."""

from typing import Annotated

import numpy as np

from engine.data.sources.base import Seed
from engine.data.sources.rows import Raw, RowSource
from engine.hyper import hyper
from engine.tasks import Classification

TRAIN, TEST = 4000, 1000
LENGTH = 40

# How high a pen is that writes the digit, at 12 moments.
PEN = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
PADDING = (36, 60)  # zeros behind a digit, from … to
SHIFTS = 48
SCALE, SHEAR = 0.4, 0.75  # the whole range, half of it to either side
CORRELATED, INDEPENDENT = 0.25, 0.02  # standard deviations of the noise
SMOOTHING = 2  # of the correlated noise, in steps
FAINT = 1e-8  # tells a digit's own zeros from the padding


class Mnist1d(RowSource, tag="mnist1d", kw_only=True):
    """Digits as sequences of 40 numbers, 4,000 to train on and 1,000 to test: padded, stretched, shifted, tilted and
    noisy templates (Greydanus & Kobak 2020).

    With the seed 42 these are the published rows in the published order, up to the rounding of the last bit. The
    published set has no rows for validation; they are drawn after it, in the same way.
    """

    seed: Annotated[Seed, hyper("seed of the rows; 42 gives the published ones")] = 42
    validation: Annotated[int, hyper("additional rows for validation", ge=0, le=100_000, unit="rows")] = 1000

    def load(self, rng: np.random.Generator) -> Raw:
        legacy = np.random.RandomState(self.seed)  # the generator that the published rows came from
        x, y = draw(legacy, TRAIN + TEST)
        mean, deviation = x.mean(), x.std()
        if self.validation:
            more = draw(legacy, self.validation)
            x, y = np.concatenate([x, more[0]]), np.concatenate([y, more[1]])
        rows = np.arange(len(x))
        parts = (rows[:TRAIN], rows[TRAIN + TEST :], rows[TRAIN : TRAIN + TEST])
        x = ((x - mean) / deviation)[:, :, None]
        digits = tuple("0123456789")
        return Raw(Classification(), x, y[:, None].astype(float), digits, targets=("digit",), parts=parts)


def draw(rng: np.random.RandomState, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (R, 40) before they are centerd, and their digits (R,), as many of each as can be, shuffled."""
    templates = (PEN - PEN.mean(axis=1, keepdims=True)) / PEN.std(axis=1, keepdims=True)
    templates = (templates - templates[:, :1]) / 6
    y = np.arange(rows) * len(PEN) // rows
    x = np.stack([transformed(templates[digit], rng) for digit in y])
    order = rng.permutation(rows)
    return x[order], y[order]


def transformed(template: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """A template (12,) as one of its many appearances (40,); the order of the draws is the published one."""
    from scipy.ndimage import gaussian_filter1d

    low, high = PADDING
    zeros = low + int(rng.rand() * (high - low + 1))
    x = stretched(np.concatenate([template + FAINT, np.zeros(zeros)]), len(template) + high)
    x = x * (1 + SCALE * (rng.rand() - 0.5))
    x = np.roll(x, rng.choice(SHIFTS))
    noise = gaussian_filter1d(CORRELATED * rng.randn(len(x)), SMOOTHING)
    x = np.where(x != 0, x, noise)
    x = x + INDEPENDENT * rng.randn(len(x))
    x = x - SHEAR * (rng.rand() - 0.5) * np.linspace(-0.5, 0.5, len(x))
    return stretched(x, LENGTH)


def stretched(x: np.ndarray, length: int) -> np.ndarray:
    """x (I,) read off at `length` even places between its ends, on straight lines between its values."""
    result: np.ndarray = np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(x)), x)
    return result
