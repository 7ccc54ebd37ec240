"""Images and signals: what it says of them, filters and maps, what an autoencoder gives back."""

from collections.abc import Sequence

import numpy as np

from engine.probes.images import Maps, Named, Reconstructions
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.images import Caption, image, mosaic
from tui_lab.charts.maps import map_rows
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.signals import signals
from tui_lab.tui.widgets.sights.choice import Choice

TALLEST = 16  # rows of the image beside its maps


def named(named: Named, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    captions = [
        Caption(said if said == true else f"{said}, is {true}", said == true)
        for said, true in zip(named.said, named.true, strict=True)
    ]
    return gallery(named.rows, captions, height, width, style)


def gallery(
    rows: np.ndarray, captions: Sequence[Caption], height: int, width: int, style: ChartStyle
) -> Canvas:
    """Images (M, H, W) or (M, H, W, 3) in 0 … 1, or signals (M, T), each over its caption."""
    if rows.ndim == 2:
        return signals(rows, captions, height, width, style)
    return mosaic(rows, captions, height, width, style, low=0, high=1)


def maps(maps: Maps, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    """Maps in rows, the image that they are of at their left."""
    canvas, left = Canvas.blank(height, width), 0
    if maps.image is not None:
        whole = image(maps.image, min(height - 1, TALLEST), width // 4, style, low=0, high=1)
        canvas.paste(whole, 1, 0)
        left = whole.width + 2
    low = -1.0 if maps.signed else 0.0
    canvas.paste(map_rows(maps.layers, height, width - left, style, signed=maps.signed, low=low), 0, left)
    return canvas


def reconstructions(
    found: Reconstructions, height: int, width: int, style: ChartStyle, choice: Choice
) -> Canvas:
    """Each image over what came out for it."""
    gap = np.full((len(found.images), 1, *found.images.shape[2:]), np.nan)
    if found.images.shape[1] % 2:
        gap = np.concatenate([gap, gap], axis=1)  # so that both begin with a cell
    pairs = np.concatenate([found.images, gap, found.outputs], axis=1)
    return mosaic(pairs, [], height, width, style, low=0, high=1)
