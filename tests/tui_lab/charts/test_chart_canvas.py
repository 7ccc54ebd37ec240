import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.colors import Depth, brightness
from tui_lab.charts.glyphs import ASCII, BLOCK, BRAILLE, glyphs_for
from tui_lab.charts.palette import DARK, LIGHT, depth_for
from tui_lab.charts.text import cell_width, cells, pad, shorten


def test_text_is_cut_at_every_edge():
    canvas = Canvas.blank(2, 5)
    canvas.put(0, -2, "abcdefghij")
    canvas.put(1, 3, "xyz")
    canvas.put(7, 0, "out")
    assert canvas.to_text() == "cdefg\n   xy"


def test_wide_characters_keep_the_grid():
    canvas = Canvas.blank(1, 6)
    canvas.put(0, 0, "猫cat")
    assert canvas.lines() == ["猫cat "]
    canvas.put(0, 1, "x")
    assert canvas.lines() == [" xcat "]
    canvas.put(0, 5, "猫")
    assert cell_width(canvas.lines()[0]) == 6
    canvas.put(0, 4, "é̈")
    assert cell_width(canvas.lines()[0]) == 6


def test_every_character_takes_the_cells_that_textual_gives_it():
    for code in range(sys.maxunicode + 1):
        found = cells(chr(code))
        assert cell_len("".join(found.tolist())) == len(found), hex(code)


@given(st.text())
def test_a_text_takes_the_cells_that_textual_gives_it(text):
    assert cell_len("".join(cells(text).tolist())) == cell_width(text)


def test_names_cannot_steer_the_terminal():
    assert "\033" not in "".join(cells("\033[31mred\n\u202e"))


def test_texts_are_shortened_and_padded_by_cells():
    assert shorten("versicolor", 6) == "versi…"
    assert cell_width(shorten("猫猫猫猫", 4)) <= 4
    assert pad("猫", 4, "right") == "  猫"
    assert pad("ab", 5, "center") == " ab  "
    assert shorten("abc", 0) == ""


def test_runs_join_equal_neighbors_and_blanks():
    canvas = Canvas.blank(1, 8)
    canvas.put(0, 0, "ab", fg=1)
    canvas.put(0, 4, "cd", fg=1, attributes=BOLD)
    assert canvas.runs(0) == [("ab  ", 1, -1, 0), ("cd", 1, -1, BOLD), ("  ", 1, -1, 0)]


def test_only_what_changed_is_named():
    first, second = Canvas.blank(4, 6), Canvas.blank(4, 6)
    second.put(1, 2, "x")
    second.bg[3, 5] = 7
    assert second.changed_spans(first) == [(1, 1, 4), (3, 4, 6)], "and one column on either side"
    whole = [(row, 0, 6) for row in range(4)]
    assert second.changed_spans(None) == second.changed_spans(Canvas.blank(4, 7)) == whole


def test_maps_grow_brighter_from_end_to_end_in_few_colors():
    for palette in (DARK, LIGHT):
        for colors in (palette.sequential, palette.diverging):
            assert len(colors) <= 32
            assert (np.diff(brightness(colors)) > 0).all()
        assert len(set(palette.classes)) >= 10


def test_roles_are_readable_on_their_ground():
    for palette in (DARK, LIGHT):
        ground = brightness(np.array(palette.ground))
        for role in ("text", "muted", "train", "validation", "test", "warning", "fault", "good", "edit"):
            ink = brightness(np.array(getattr(palette, role)))
            light, dark = max(ink, ground), min(ink, ground)
            assert (light + 0.05) / (dark + 0.05) >= 4.0, role


def test_braille_blocks_and_ascii_draw_their_dots():
    square = np.array([[1, 0], [0, 0], [0, 0], [0, 1]], dtype=bool)
    assert BRAILLE.draw(square).tolist() == [["⢁"]]
    assert BLOCK.draw(square).tolist() == [["▀"], ["▄"]]
    assert ASCII.draw(np.array([[0], [1], [0]], dtype=bool)).tolist() == [["-"]]
    assert BRAILLE.table[255] == "⣿"


def test_the_glyph_set_follows_the_terminal():
    assert glyphs_for({"TERM": "xterm-256color"}, "utf-8") is BRAILLE
    assert glyphs_for({"TERM": "linux"}, "UTF-8") is BLOCK
    assert glyphs_for({"TERM": "vt220"}, "utf8") is BLOCK
    assert glyphs_for({"TERM": "xterm"}, "latin-1") is ASCII
    assert glyphs_for({}, None) is ASCII
    assert glyphs_for({}, "no such encoding") is ASCII


def test_the_depth_follows_the_terminal():
    assert depth_for({"NO_COLOR": "1"}, "truecolor") is Depth.NONE
    assert depth_for({}, "256") is Depth.MANY
    assert depth_for({}, "standard") is Depth.SIXTEEN
    assert depth_for({}, None) is Depth.NONE
