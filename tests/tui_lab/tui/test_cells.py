"""Rows of cells are cut as Textual cuts them, and leave nothing behind."""

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui_lab.tui.widgets.cells import Row

MARKS = list("ab ⠓⣿▀█日本é")


def test_a_row_is_cut_as_a_strip_is_but_fills_no_cache():
    rng = np.random.default_rng(1)
    kept = Segment._split_cells.cache_info().currsize
    cases = []
    for _ in range(200):
        texts = ["".join(rng.choice(MARKS, rng.integers(1, 9))) for _ in range(rng.integers(1, 5))]
        segments = [Segment(text, Style(bold=bool(i % 2))) for i, text in enumerate(texts)]
        row = Row(segments)
        first, last = sorted(rng.integers(0, row.cell_length + 1, 2).tolist())
        cases.append((segments, first, last, row.crop(first, last)))
    assert Segment._split_cells.cache_info().currsize == kept
    for segments, first, last, piece in cases:
        usual = Strip(segments).crop(first, last)
        assert piece.text == usual.text
        assert piece.cell_length == usual.cell_length
        assert [s.style for s in piece if s.text] == [s.style for s in usual if s.text]
