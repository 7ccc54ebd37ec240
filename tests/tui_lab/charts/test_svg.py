"""A canvas as a picture: whole, well formed, each mark in its place."""

from xml.etree import ElementTree

import numpy as np

from tui_lab.charts.canvas import BOLD, REVERSE, Canvas
from tui_lab.charts.palette import DARK
from tui_lab.charts.svg import HEIGHT, WIDTH, svg

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(canvas: Canvas) -> ElementTree.Element:
    return ElementTree.fromstring(svg(canvas, DARK))


def test_texts_stand_at_their_cells_with_color_and_weight():
    canvas = Canvas.blank(3, 20)
    canvas.put(1, 4, "a < b & c", fg=0x123456, attributes=BOLD)
    (text,) = parsed(canvas).iter(f"{SPACE}text")
    assert text.text == "a < b & c"
    assert float(text.get("x")) == 4 * round(WIDTH, 2)
    assert HEIGHT < float(text.get("y")) < 2 * HEIGHT
    assert (text.get("fill"), text.get("font-weight")) == ("#123456", "bold")


def test_braille_becomes_dots_and_blocks_become_rectangles():
    canvas = Canvas.blank(1, 4)
    canvas.put(0, 0, "⠁⣿▀", fg=0xFF0000)
    root = parsed(canvas)
    (path,) = root.iter(f"{SPACE}path")
    assert path.get("d").count("M") == 1 + 8
    assert not list(root.iter(f"{SPACE}text"))
    halves = [r for r in root.iter(f"{SPACE}rect") if r.get("fill") == "#ff0000"]
    assert [float(r.get("height")) for r in halves] == [HEIGHT / 2]


def test_reversed_cells_swap_ink_and_ground():
    canvas = Canvas.blank(1, 3)
    canvas.put(0, 0, "abc", fg=0x00FF00, attributes=REVERSE)
    root = parsed(canvas)
    assert "#00ff00" in [r.get("fill") for r in root.iter(f"{SPACE}rect")]
    assert [t.get("fill") for t in root.iter(f"{SPACE}text")] == [f"#{DARK.ground:06x}"]


def test_any_canvas_gives_a_well_formed_picture():
    rng = np.random.default_rng(1)
    marks = list("aZ ⠓⣿▀▄█░▒→日é<&\"'")
    for _ in range(20):
        canvas = Canvas.blank(5, 30)
        for row in range(5):
            canvas.put(row, 0, "".join(rng.choice(marks, 30)), fg=int(rng.integers(-1, 1 << 24)))
        parsed(canvas)
    parsed(Canvas.blank(0, 0))
