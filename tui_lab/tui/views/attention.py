"""Attention: one head in large over its tokens, all heads of all layers in small."""

from dataclasses import dataclass, replace

import numpy as np

from engine.probes.attention import AttentionProbe, Attentions
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.heat import heat_map
from tui_lab.charts.maps import map_rows, tiles
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import shorten
from tui_lab.tui.views.base import Choices, View

SMALL = 4  # rows of cells of a small map, its title among them
LARGEST = 3  # rows a token
LABELS = 2  # columns and rows of tokens along the large map


@dataclass(frozen=True)
class Layout:
    """Tokens of the large map and rows a token, and where the small maps stand: (top, left, height, width)."""

    size: int
    scale: int
    top: int
    left: int
    height: int
    width: int


def layout(found: Attentions, height: int, width: int) -> Layout:
    """The small maps at the right or below, wherever the large one keeps the most tokens."""
    tokens, layers = len(found.tokens), len(found.layers)
    heads = max((len(maps) for _, maps in found.layers), default=1)
    across = heads * (2 * (SMALL - 1) + 1)
    beside = large(tokens, height - 2, width - across - 3 - LABELS)
    below = large(tokens, height - 2 - layers * SMALL, width - LABELS)
    if max(beside, below) < (4, 1):
        return Layout(*large(tokens, height - 2, width - LABELS), 0, 0, 0, 0)
    if beside >= below:
        left = LABELS + 2 * beside[0] * beside[1] + 3
        return Layout(*beside, 0, left, height, width - left)
    top = below[0] * below[1] + 2
    return Layout(*below, top, 0, height - top, width)


def large(tokens: int, height: int, width: int) -> tuple[int, int]:
    """How many tokens have room, and how many rows each may take where that is all of them."""
    size = max(0, min(tokens, height, width // 2))
    return size, max(1, min(LARGEST, height // max(1, size), width // max(1, 2 * size)))


class AttentionView(View):
    title = "ATTENTION"
    about = (
        "One head enlarged: row by row, which tokens each token attends to; beside it all heads of all layers. A "
        "click chooses a head, i another text."
    )
    keys = ("n ← → ↑ ↓ head", "i text")
    kind = AttentionProbe
    rank = 120

    def paint(
        self, result: Attentions, height: int, width: int, style: ChartStyle, choices: Choices
    ) -> Canvas:
        canvas, palette = Canvas.blank(height, width), style.palette
        if not result.layers or not result.tokens:
            return canvas
        layer, head = bounded(result, choices)
        place = layout(result, height, width)
        title = f"layer {layer + 1} head {head + 1}"
        canvas.put(0, 0, title, fg=palette.text, attributes=BOLD)
        if result.problem:
            canvas.put(0, len(title) + 2, shorten(result.problem, width - len(title) - 2), fg=palette.warning)
        size = place.size
        if size > 0:
            maps = weights_shown(result.layers[layer][1][head][:size, :size])
            side = size * place.scale
            canvas.paste(heat_map(maps, side, 2 * side, style, low=0, high=1, fine=False), 2, LABELS)
            for t, token in enumerate(result.tokens[:size]):
                at, middle = t * place.scale, (place.scale - 1) // 2
                canvas.put(1, LABELS + 2 * at + middle, visible(token), fg=palette.muted)
                canvas.put(2 + at + middle, 0, visible(token), fg=palette.muted)
        if place.height:
            small = map_rows(small_maps(result), place.height, place.width, style, marked=(layer, head))
            canvas.paste(small, place.top, place.left)
        return canvas

    def moved(self, result: Attentions, choices: Choices, down: int, right: int) -> Choices:
        layer, head = bounded(result, choices)
        return replace(choices, layer=layer + down, head=head + right)

    def following(self, result: Attentions, choices: Choices) -> Choices:
        """The head after the present one, through all layers."""
        layer, head = bounded(result, choices)
        last = head + 1 == len(result.layers[layer][1])
        return (
            replace(choices, layer=layer + 1, head=0)
            if last
            else replace(choices, layer=layer, head=head + 1)
        )

    def clicked(
        self, result: Attentions, choices: Choices, height: int, width: int, y: int, x: int
    ) -> Choices | None:
        chosen = head_at(result, height, width, y, x)
        return None if chosen is None else replace(choices, layer=chosen[0], head=chosen[1])


def small_maps(found: Attentions) -> list[tuple[str, np.ndarray]]:
    return [
        (f"layer {i + 1}", np.stack([weights_shown(values) for values in maps]))
        for i, (_, maps) in enumerate(found.layers)
    ]


def weights_shown(maps: np.ndarray) -> np.ndarray:
    """Weights (T, T) by their root, for small ones are worth seeing; what a causal head cannot see stays empty."""
    shown = np.sqrt(maps)
    future = np.triu_indices(len(maps), 1)
    if not maps[future].any():
        shown[future] = np.nan
    return shown


def bounded(found: Attentions, choices: Choices) -> tuple[int, int]:
    """The chosen (layer, head), beginning again after the last."""
    layer = choices.layer % len(found.layers)
    return layer, choices.head % len(found.layers[layer][1])


def head_at(found: Attentions, height: int, width: int, y: int, x: int) -> tuple[int, int] | None:
    """The (layer, head) whose small map stands at a cell of the picture."""
    place = layout(found, height, width)
    if not place.height:
        return None
    placed = tiles(small_maps(found), place.height, place.width)
    return next(((t.row, t.index) for t in placed if t.holds(y - place.top, x - place.left)), None)


def visible(token: str) -> str:
    """A token in one cell: line ends and spaces by their signs."""
    return {"\n": "↵", " ": "·", "\t": "→"}.get(token, token[:1])
