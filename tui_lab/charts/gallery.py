"""Galleries: images or signals over their captions, and maps beside the image that they are of."""

from collections.abc import Sequence

import numpy as np

from tui_lab.charts.canvas import Canvas
from tui_lab.charts.images import Caption, image, mosaic
from tui_lab.charts.maps import map_rows
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.signals import signals

TALLEST = 16  # rows of the image beside its maps


def gallery(
    rows: np.ndarray, captions: Sequence[Caption], height: int, width: int, style: ChartStyle
) -> Canvas:
    """Images (M, H, W) or (M, H, W, 3) in 0 … 1, or signals (M, T), each over its caption."""
    if rows.ndim == 2:
        return signals(rows, captions, height, width, style)
    return mosaic(rows, captions, height, width, style, low=0, high=1)


def maps_of(
    shown: np.ndarray | None,
    layers: Sequence[tuple[str, np.ndarray]],
    height: int,
    width: int,
    style: ChartStyle,
    *,
    signed: bool = False,
) -> Canvas:
    """Maps (M, h, w) by layer, in 0 … 1 or signed in −1 … 1; at their left the image (H, W[, 3]) they are of."""
    canvas, left = Canvas.blank(height, width), 0
    if shown is not None:
        whole = image(shown, min(height - 1, TALLEST), width // 4, style, low=0, high=1)
        canvas.paste(whole, 1, 0)
        left = whole.width + 2
    low = -1.0 if signed else 0.0
    canvas.paste(map_rows(layers, height, width - left, style, signed=signed, low=low), 0, left)
    return canvas
