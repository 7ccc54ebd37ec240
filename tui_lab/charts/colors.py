"""Colors as 0xRRGGBB numbers: mixing, brightness, gradients."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

DEFAULT = -1


class Depth(IntEnum):
    """How many colors a terminal shows."""

    NONE = 0
    SIXTEEN = 16
    MANY = 256
    TRUE = 1 << 24


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
