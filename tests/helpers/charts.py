"""Looks to draw with, and arrays that charts must survive."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tui_lab.charts.colors import Depth
from tui_lab.charts.glyphs import ASCII, BLOCK, BRAILLE
from tui_lab.charts.palette import DARK, LIGHT, ChartStyle

PLAIN = ChartStyle(depth=Depth.NONE)
TRUE = ChartStyle()

STYLES = {
    f"{'dark' if palette.dark else 'light'} {glyphs.name} {depth.name}": ChartStyle(palette, glyphs, depth)
    for palette in (DARK, LIGHT)
    for glyphs in (BRAILLE, BLOCK, ASCII)
    for depth in Depth
}
looks = st.sampled_from(sorted(STYLES))  # by name, which reads better in a failure
heights, widths = st.integers(-1, 16), st.integers(-1, 50)
wild = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 1.0, 1e308, -1e308, 1e-308, np.inf, -np.inf, np.nan]),
)


def vectors(most: int = 12, elements: st.SearchStrategy[float] = wild) -> st.SearchStrategy[np.ndarray]:
    return arrays.arrays(np.float64, st.integers(0, most), elements=elements)


def tables(most: int = 8) -> st.SearchStrategy[np.ndarray]:
    shapes = st.tuples(st.integers(0, most), st.integers(0, most))
    return arrays.arrays(np.float64, shapes, elements=wild)


def lit(chars: np.ndarray) -> np.ndarray:
    """The dots (4H, 2W) bool that braille characters (H, W) show."""
    codes = np.array([[max(ord(c) - 0x2800, 0) for c in row] for row in chars.tolist()])
    found = np.zeros((chars.shape[0] * 4, chars.shape[1] * 2), dtype=bool)
    for bit, (row, column) in enumerate([(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]):
        found[row::4, column::2] = codes >> bit & 1
    return found
