"""Colors as 0xRRGGBB numbers: mixing, brightness, and the nearest ones a terminal of few colors has."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import numpy as np

DEFAULT = -1


class Depth(IntEnum):
    """How many colors a terminal shows."""

    NONE = 0
    SIXTEEN = 16
    MANY = 256
    TRUE = 1 << 24


_DARK = (0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5)
_BRIGHT = (0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF)
SIXTEEN = np.array([*_DARK, *_BRIGHT], dtype=np.int32)
_LEVELS = (0x00, 0x5F, 0x87, 0xAF, 0xD7, 0xFF)
_CUBE = [r << 16 | g << 8 | b for r in _LEVELS for g in _LEVELS for b in _LEVELS]
_GREYS = [0x010101 * (8 + 10 * i) for i in range(24)]
# The first sixteen of 256 differ from terminal to terminal, so they are never chosen.
MANY = np.array(_CUBE + _GREYS, dtype=np.int32)


def channels(colors: np.ndarray) -> np.ndarray:
    """Red, green and blue (…, 3) of colors (…), 0 to 255."""
    colors = np.asarray(colors, dtype=np.int32)
    return np.stack([colors >> 16 & 255, colors >> 8 & 255, colors & 255], axis=-1)


def joined(rgb: np.ndarray) -> np.ndarray:
    """Colors (…) int32 of red, green and blue (…, 3), rounded and clipped."""
    r, g, b = np.moveaxis(np.clip(np.rint(rgb), 0, 255).astype(np.int32), -1, 0)
    return r << 16 | g << 8 | b


def brightness(colors: np.ndarray) -> np.ndarray:
    """Relative luminance (…), 0 black to 1 white (WCAG 2)."""
    c = channels(colors) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def mix(first: int, second: int, share: float) -> int:
    """The first color, going over into the second as share goes from 0 to 1."""
    return int(joined(channels(np.array(first)) * (1 - share) + channels(np.array(second)) * share))


def gradient(stops: list[int], levels: int) -> np.ndarray:
    """`levels` colors (levels,) int32 evenly spaced along stops, joined by straight lines in RGB."""
    at = np.linspace(0, len(stops) - 1, levels)
    rgb = channels(np.array(stops))
    return joined(np.stack([np.interp(at, np.arange(len(stops)), rgb[:, c]) for c in range(3)], axis=-1))


def contrasting(ground: np.ndarray, light: np.ndarray | int, dark: np.ndarray | int) -> np.ndarray:
    """For each ground color (…) the one of two inks (…) that reads better on it, int32 (…)."""
    on = brightness(ground)
    light_gap = (brightness(np.array(light)) + 0.05) / (on + 0.05)
    dark_gap = (on + 0.05) / (brightness(np.array(dark)) + 0.05)
    return np.where(light_gap >= dark_gap, light, dark).astype(np.int32)


def nearest(colors: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The index (N,) in a table (K,) of the color nearest to each of N, by a distance weighted as the eye does."""
    a, b = channels(colors).astype(np.float64), channels(table).astype(np.float64)
    weights = np.array([2.0, 4.0, 3.0])
    return (((a[:, None, :] - b[None, :, :]) ** 2) * weights).sum(axis=-1).argmin(axis=1)


def quantize(colors: np.ndarray, depth: Depth) -> np.ndarray:
    """The nearest colors (…) int32 that a terminal of that depth has; −1 stays −1."""
    colors = np.asarray(colors, dtype=np.int32)
    if depth == Depth.TRUE:
        return colors.copy()
    if depth == Depth.NONE:
        return np.full_like(colors, DEFAULT)
    table = MANY if depth == Depth.MANY else SIXTEEN
    found, inverse = np.unique(colors, return_inverse=True)
    return (
        np.where(found < 0, DEFAULT, table[nearest(found, table)])
        .astype(np.int32)[inverse]
        .reshape(colors.shape)
    )


@lru_cache(maxsize=4096)
def escape_codes(color: int, depth: Depth, *, ground: bool) -> tuple[str, ...]:
    """The parts of an SGR escape sequence for a foreground or a back`ground`; none for the default color."""
    if color < 0 or depth == Depth.NONE:
        return ()
    first = 48 if ground else 38
    if depth == Depth.TRUE:
        return (f"{first};2;{color >> 16 & 255};{color >> 8 & 255};{color & 255}",)
    table = MANY if depth == Depth.MANY else SIXTEEN
    index = int(nearest(np.array([color]), table)[0])
    if depth == Depth.MANY:
        return (f"{first};5;{index + 16}",)
    bright = 60 if index >= 8 else 0
    return (str(first - 8 + index % 8 + bright),)
