"""Small images, grey or in color, one large or many side by side with captions, right and wrong ones told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_lab.charts.canvas import Canvas
from tui_lab.charts.colors import joined
from tui_lab.charts.heat import ink, paint, resample, value_range
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, pad

GREYS = 32
TONES = 24  # of each channel of a color: fewer make fewer runs of cells
SCALES = (6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5)
SMALLEST = 7  # pixels below which a shrunk digit cannot be read


@dataclass(frozen=True)
class Caption:
    """What stands under an image; right None where nothing is right or wrong."""

    text: str
    right: bool | None = None


def image(
    pixels: np.ndarray,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    low: float | None = None,
    high: float | None = None,
) -> Canvas:
    """Draws a grey image (h, w), high values as ink, or one in color (h, w, 3), as large as height × width cells
    allow with square pixels. The canvas has the image's size, not the room's. low, high: the values of no and of full
    ink."""
    pixels = np.atleast_2d(np.asarray(pixels, dtype=np.float64))
    if 0 in pixels.shape or height <= 0 or width <= 0:
        return Canvas.blank(0, 0)
    fit = min(2 * height / pixels.shape[0], width / pixels.shape[1])
    return scaled(pixels, np.floor(fit) if fit >= 1 else fit, style, *value_range(pixels, False, low, high))


def scaled(pixels: np.ndarray, scale: float, style: ChartStyle, low: float, high: float) -> Canvas:
    """Draws an image (h, w) or (h, w, 3) at so many dots a pixel; two dots stand in a cell."""
    rows, columns = image_cells(pixels.shape[0], pixels.shape[1], scale)
    fine = style.halves
    if not style.shaded and pixels.ndim == 3:
        pixels = pixels.mean(axis=2)
    # Resampled to an even number of rows, so that no half cell is left over.
    dots = resample(pixels, rows * 2 if fine else rows, columns)
    if fine and pixels.shape[0] * scale == rows * 2 - 1:
        nothing = np.full((1, *dots.shape[1:]), np.nan)
        dots = np.concatenate([resample(pixels, rows * 2 - 1, columns), nothing])
    shares = (np.clip(dots, low, high) - low) / (high - low)
    if not style.shaded:
        return ink(shares, style)
    if pixels.ndim == 3:
        known = np.isfinite(shares).all(axis=2)
        tones = np.round(np.nan_to_num(shares) * TONES) / TONES
        return paint(joined(tones * 255), known, style, fine=fine)
    colors = style.palette.fades(style.palette.text, GREYS)
    levels = np.clip((np.nan_to_num(shares) * GREYS).astype(int), 0, GREYS - 1)
    return paint(colors[levels], np.isfinite(shares), style, fine=fine)


def image_cells(height: int, width: int, scale: float) -> tuple[int, int]:
    """The rows and columns of cells that an image of height × width pixels takes at a scale."""
    return max(int(np.ceil(height * scale / 2)), 1), max(int(np.ceil(width * scale)), 1)


def mosaic(
    images: np.ndarray,
    captions: Sequence[Caption],
    height: int,
    width: int,
    style: ChartStyle,
    *,
    scale: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Canvas:
    """Draws images (N, h, w) or (N, h, w, 3) in rows, each over its caption; those without room are left out.
    scale: dots a pixel, by default the largest at which all have room. low, high: no and full ink, alike for all."""
    images = np.asarray(images, dtype=np.float64)
    canvas = Canvas.blank(height, width)
    if images.ndim not in (3, 4) or 0 in images.shape:
        return canvas
    captioned = len(captions) > 0
    wide = max((cell_width(c.text) + 2 * (c.right is not None) for c in captions), default=0)
    size = images.shape[1], images.shape[2]
    scale = fitting_scale(len(images), *size, height, width, captioned) if scale is None else scale
    rows, columns = image_cells(*size, scale)
    tile = max(columns, min(wide, columns + 4))
    across, down = _capacity(height, width, rows + captioned, tile)
    low, high = value_range(images, False, low, high)
    for index in range(min(len(images), across * down)):
        top, left = index // across * (rows + captioned + 1), index % across * (tile + 2)
        drawn = scaled(images[index], scale, style, low, high)
        canvas.paste(drawn, top, left + (tile - columns) // 2)
        if index < len(captions):
            draw_caption(canvas, top + rows, left, tile, captions[index], style)
    return canvas


def fitting_scale(
    count: int, image_height: int, image_width: int, height: int, width: int, captioned: bool
) -> float:
    """The largest scale at which `count` images have room in height × width cells, else the smallest readable."""
    usable = [s for s in SCALES if s >= 1 or min(image_height, image_width) * s >= SMALLEST]
    for scale in usable:
        rows, columns = image_cells(image_height, image_width, scale)
        across, down = _capacity(height, width, rows + captioned, columns)
        if across * down >= count:
            return scale
    return usable[-1]


def _capacity(height: int, width: int, rows: int, columns: int) -> tuple[int, int]:
    """How many tiles of rows × columns cells stand across and down, two columns and a row apart."""
    return max((width + 2) // (columns + 2), 0), max((height + 1) // (rows + 1), 0)


def draw_caption(
    canvas: Canvas, row: int, column: int, width: int, caption: Caption, style: ChartStyle
) -> None:
    palette, glyphs = style.palette, style.glyphs
    sign = "" if caption.right is None else (glyphs.right if caption.right else glyphs.wrong) + " "
    color = palette.muted if caption.right is None else palette.good if caption.right else palette.fault
    canvas.put(row, column, pad(sign + caption.text, width, "center", glyphs.ellipsis), color)
