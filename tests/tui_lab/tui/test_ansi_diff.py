"""What is written thinly looks the same in a terminal."""

import numpy as np
from rich.color import Color
from rich.style import Style

from tui_lab.tui.ansi_diff import thin, thinned
from tui_lab.tui.app import LabApp

COLORS = [None, "default", "red", "bright_blue", "color(123)", "#102030", "#f0e0d0"]


def seen(text: str) -> list:
    """Each cell as a terminal would show it: a small one that knows what the screens use."""
    cells, flags, ink, ground, at = [], set(), None, None, 0
    while at < len(text):
        if text[at] != "\x1b":
            plain = text[at] == " " and not flags & {4, 7, 9}
            cells.append((text[at], ground) if plain else (text[at], frozenset(flags), ink, ground))
            at += 1
            continue
        end = next(i for i in range(at + 2, len(text)) if text[i].isalpha())
        body, at = text[at + 2 : end], end + 1
        if text[end] != "m":
            cells.append((body, text[end]))
            continue
        words = [int(word) for word in body.split(";")] if body else [0]
        while words:
            code, *words = words
            if code == 0:
                flags, ink, ground = set(), None, None
            elif code in (38, 48):
                length = 2 if words[0] == 5 else 4
                color, words = tuple(words[:length]), words[length:]
                ink, ground = (color, ground) if code == 38 else (ink, color)
            elif code < 10:
                flags.add(code)
            elif 40 <= code < 50 or code >= 100:
                ground = None if code == 49 else code
            else:
                ink = None if code == 39 else code
    return [*cells, (frozenset(flags), ink, ground)]


def frame(rng: np.random.Generator) -> str:
    """Runs of cells as Rich writes them, with moves between."""
    parts = []
    for _ in range(int(rng.integers(1, 60))):
        colors = [COLORS[i] for i in rng.integers(len(COLORS), size=2)]
        style = Style(
            color=colors[0], bgcolor=colors[1],
            bold=bool(rng.integers(2)), underline=bool(rng.integers(4) == 0), reverse=bool(rng.integers(6) == 0),
        )  # fmt: skip
        text = str(rng.choice(["", " ", "   ", "⡇⡀", "loss", "a b"]))
        if rng.integers(5) == 0:
            parts.append(f"\x1b[{rng.integers(1, 40)};{rng.integers(1, 120)}H")
        parts.append(style.render(text))
    return "".join(parts)


def test_every_cell_looks_the_same():
    rng = np.random.default_rng(1)
    for _ in range(500):
        text = frame(rng)

        assert seen(thin(text)) == seen(text)


def test_a_frame_needs_little_more_than_half_of_the_bytes():
    ground = Color.parse("#12141a")
    inks = [Style(color=c, bgcolor=ground.name) for c in ("#d8dce6", "#3b4150", "#56b4f5", "#f5c542")]
    text = "".join(inks[i % 4].render(t) for i, t in enumerate(["  0.1", "┤   ", "⡇⡀⡇", "┆  "] * 50))
    assert len(thin(text)) < 0.6 * len(text)
    assert thin(thin(text)) == thin(text)


def test_blanks_do_not_change_the_ink_and_a_line_under_them_does():
    assert thin("\x1b[31ma\x1b[0m\x1b[32m  \x1b[0m\x1b[31mb\x1b[0m") == "\x1b[31ma  b\x1b[0m"
    under = "\x1b[31ma\x1b[0m\x1b[4m  \x1b[0m"
    assert seen(thin(under)) == seen(under)


def test_what_is_not_known_is_left_as_it_is():
    for text in (
        "\x1b[38;9;1mx",
        "\x1b[58;2;1;2;3mx\x1b[0m",
        "\x1b[;mx",
        "plain",
        "\x1b[?1049h",
        "\x1b[38mx",
    ):
        assert thin(text) == text


def test_the_lab_writes_thinly_to_its_terminal():
    class Terminal:
        def __init__(self) -> None:
            self.taken: list[str] = []

        def write(self, data: str) -> None:
            self.taken.append(data)

    terminal = thinned(Terminal)()
    for data in ("\x1b[31ma\x1b[0m\x1b[31mb\x1b[0m", "\x1b[?1049h"):
        terminal.write(data)
    assert terminal.taken == ["\x1b[31mab\x1b[0m", "\x1b[?1049h"]
    assert LabApp().driver_class.write.__qualname__ == type(terminal).write.__qualname__
