"""Preprocessing steps: what is measured is measured on the training rows alone, then applied to all rows."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from engine.component import Component
from engine.hyper import hyper

Fitted = dict[str, Any]  # plain lists and numbers, kept with the run

ROUNDING = 10 * float(np.finfo(np.float64).eps)  # of a value: what is closer is the same

HUGE = 1e100

MAD_TO_DEVIATION = 1.4826  # the median absolute deviation of a normal distribution, as a standard deviation


class Preprocess(Component, tag_field="step"):
    """A step over inputs x (R, …) in float64; for a table the last axis are its columns.

    A column of categories holds their numbers until a step `one_hot`. Those are names and no quantities, so a
    step gets such columns only where it says that it `knows_categories`.
    """

    knows_categories: ClassVar[bool] = False

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        """Measure the training rows. `categories`: column → how many categories, for those not yet one-hot."""
        return {}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        raise NotImplementedError


class Standardize(Preprocess, tag="standardize"):
    """Mean 0 and standard deviation 1, per column or, with `whole`, over all values together."""

    whole: Annotated[bool, hyper("one mean and standard deviation for all values")] = False

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        mean, deviation = moments(x.reshape(-1) if self.whole else x)
        return {"shift": mean.tolist(), "scale": deviation.tolist()}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        result: np.ndarray = (x - np.array(fitted["shift"])) / np.array(fitted["scale"])
        return result


class MinMax(Preprocess, tag="min_max"):
    """Scale the training rows to `low` … `high`, per column or over all values together."""

    low: Annotated[float, hyper("new minimum")] = 0.0
    high: Annotated[float, hyper("new maximum")] = 1.0
    whole: Annotated[bool, hyper("one range for all values")] = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} must be below high = {self.high}")

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        axis = None if self.whole else 0
        least, greatest = np.nanmin(x, axis=axis), np.nanmax(x, axis=axis)
        return {"shift": np.asarray(least).tolist(), "scale": width(least, greatest).tolist()}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        unit = (x - np.array(fitted["shift"])) / np.array(fitted["scale"])
        result: np.ndarray = self.low + unit * (self.high - self.low)
        return result


class RobustScale(Preprocess, tag="robust_scale"):
    """Median 0 and interquartile range 1 per column: robust to outliers."""

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        low, median, high = np.nanpercentile(x, [25, 50, 75], axis=0)
        return {"shift": median.tolist(), "scale": width(low, high).tolist()}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        result: np.ndarray = (x - np.array(fitted["shift"])) / np.array(fitted["scale"])
        return result


class ClipOutliers(Preprocess, tag="clip_outliers"):
    """Clip every column to its median ± `deviations`, estimated from the median absolute deviation."""

    deviations: Annotated[float, hyper("distance from the median, in standard deviations", gt=0)] = 4.0

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        median = np.nanmedian(x, axis=0)
        deviation = MAD_TO_DEVIATION * np.nanmedian(np.abs(x - median), axis=0)
        # A column that is mostly one value has a deviation of 0: it would lose all others.
        wide = deviation > ROUNDING * np.abs(median)
        reach = np.where(wide, self.deviations * deviation, np.inf)
        low, high = np.maximum(median - reach, -1e300), np.minimum(median + reach, 1e300)
        return {"low": low.tolist(), "high": high.tolist()}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        result: np.ndarray = np.clip(x, np.array(fitted["low"]), np.array(fitted["high"]))
        return result


class MedianFilter(Preprocess, tag="median_filter"):
    """The median of a window: removes specks from images (R, H, W, C), spikes from series (R, T) or (R, T, C)."""

    size: Annotated[int, hyper("width of the window", ge=1, le=99, unit="pixels")] = 3

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        from scipy.ndimage import median_filter

        result: np.ndarray = median_filter(x, size=window(x, self.size, 1), mode="nearest")
        return result


class GaussianFilter(Preprocess, tag="gaussian_filter"):
    """A Gaussian blur that removes fine noise from images (R, H, W, C) and series (R, T) or (R, T, C)."""

    sigma: Annotated[float, hyper("standard deviation of the kernel", gt=0, le=50, unit="pixels")] = 0.5

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        from scipy.ndimage import gaussian_filter

        result: np.ndarray = gaussian_filter(x, sigma=window(x, self.sigma, 0.0), mode="nearest")
        return result


class Missing(Preprocess, tag="missing"):
    """Missing values: `drop` the row, or fill in the column's `mean` or `median` of the training rows."""

    knows_categories: ClassVar[bool] = True

    method: Annotated[Literal["drop", "mean", "median"], hyper("drop the row, or fill the gap")] = "median"

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        if self.method == "drop":
            return {}
        empty = np.isnan(x).all(axis=0)
        middle = np.nanmean if self.method == "mean" else np.nanmedian
        values = middle(np.where(empty, 0.0, x), axis=0)
        for column in categories:  # the middle of categories is the most frequent one
            known = x[x[:, column] >= 0, column].astype(int)  # −1 is unknown
            values[column] = np.bincount(known).argmax() if len(known) else 0
        return {"values": values.tolist()}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        return x if self.method == "drop" else np.where(np.isnan(x), np.array(fitted["values"]), x)


class OneHot(Preprocess, tag="one_hot"):
    """A column of categories becomes a column of 0 and 1 for each category; an unknown one (−1) is 0 in all."""

    knows_categories: ClassVar[bool] = True

    def fit(self, x: np.ndarray, categories: dict[int, int]) -> Fitted:
        return {"categories": [[column, count] for column, count in categories.items()]}

    def apply(self, x: np.ndarray, fitted: Fitted) -> np.ndarray:
        counts = dict(fitted["categories"])
        parts = []
        for column in range(x.shape[1]):
            values = x[:, column : column + 1]
            if column in counts:
                hot = (values == np.arange(counts[column])).astype(np.float64)
                values = np.where(np.isnan(values), np.nan, hot)
            parts.append(values)
        return np.concatenate(parts, axis=1)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and standard deviation of x (R, …) over its rows, NaN left out; of a constant 1 stands for the latter.

    A column of 0.1 has a computed deviation of 3e-17: dividing by it would blow up the first new value that differs.
    Constant is what scikit-learn takes for it: a variance no larger than the rounding error of its computation
    (Chan, Golub & LeVeque 1983).
    """
    rows = (~np.isnan(x)).sum(axis=0)
    least, greatest = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    huge = np.maximum(np.abs(least), np.abs(greatest))
    unit = np.where(huge > HUGE, huge, 1.0)  # squares of values about 1e200 would be infinite
    mean, deviation = np.nanmean(x / unit, axis=0), np.nanstd(x / unit, axis=0)
    epsilon, variance = np.finfo(np.float64).eps, deviation**2
    noise = variance <= rows * epsilon * variance + (rows * mean * epsilon) ** 2
    constant = (least == greatest) | noise
    return np.where(least == greatest, least, mean * unit), np.where(constant, 1.0, deviation * unit)


def width(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far apart two values are, 1 where no farther than rounding error: a constant column stays constant."""
    apart = np.asarray(high - low)
    return np.where(apart > ROUNDING * np.maximum(np.abs(low), np.abs(high)), apart, 1.0)


def window(x: np.ndarray, inside: float, outside: float) -> tuple[float, ...]:
    """A filter's extent for each axis: over height and width, or over time; never across rows or channels.

    Rows of one axis are series (T,); of more the last axis are channels: (T, C), (H, W, C).
    """
    if x.ndim <= 2:
        return (outside, *[inside] * (x.ndim - 1))
    return (outside, *[inside] * (x.ndim - 2), outside)
