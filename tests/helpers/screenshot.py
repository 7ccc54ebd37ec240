"""Screenshots of an app that a test can compare: the characters, and two planes that tell the colors of each cell.

A color of the palette is a letter, any other one a sign of its own, so that a wrong color changes the file as a
wrong character does. UPDATE_SNAPSHOTS=1 writes the files anew; then look at them.
"""

import os
from pathlib import Path

from rich.style import Style

from tui_lab.charts.palette import DARK, LIGHT
from tui_lab.charts.text import cells
from tui_lab.tui.app import LabApp

SNAPSHOTS = Path(__file__).parents[1] / "tui_lab" / "tui" / "snapshots"
ROLES = {
    "ground": " ", "text": "t", "muted": "m", "faint": "f", "train": "T", "validation": "V", "test": "E",
    "good": "g", "warning": "w", "fault": "x", "edit": "e", "cursor": "c",
}  # fmt: skip
LETTERS = {getattr(palette, role): letter for palette in (LIGHT, DARK) for role, letter in ROLES.items()}
FIRST_SIGN, SIGNS = 0x100, 0x250 - 0x100  # letters with marks: one for each other color, nearly
FLAGS = ("bold", "dim", "underline", "reverse")


def sign(color: int | None) -> str:
    """One character for a color."""
    if color is None:
        return "."
    return LETTERS.get(color) or chr(FIRST_SIGN + (color * 2_654_435_761 >> 7) % SIGNS)


def ink_and_ground(style: Style | None) -> tuple[str, str]:
    if style is None:
        return ".", "."
    colors = [
        None if c is None or c.is_default else int.from_bytes(bytes(c.get_truecolor()))
        for c in (style.color, style.bgcolor)
    ]
    flags = sum(bool(getattr(style, flag)) << i for i, flag in enumerate(FLAGS))
    # Flags are a mark that joins the letter: t̀ is bold text.
    return sign(colors[0]) + (chr(0x300 + flags) if flags else ""), sign(colors[1])


def rows_of(app: LabApp) -> list[list]:
    return [list(strip) for strip in app.screen._compositor.render_strips()]


def text_of(app: LabApp) -> str:
    """What stands on the screen, as text."""
    lines = ["".join(segment.text for segment in row).rstrip() for row in rows_of(app)]
    return "\n".join(lines).rstrip() + "\n"


def colors_of(app: LabApp) -> str:
    """The ink of each cell that has some, and the ground of each row that is not all of one."""
    inks, grounds = [], []
    for row in rows_of(app):
        ink, ground = "", ""
        for segment in row:
            letter, behind = ink_and_ground(segment.style)
            for cell in cells(segment.text).tolist():
                ink += " " if cell == " " and len(letter) == 1 else letter
                ground += behind
        inks.append(ink.rstrip())
        grounds.append(ground.rstrip())
    return "\n".join(["── ink", *inks, "── ground", *grounds]).rstrip() + "\n"


async def settled(pilot, *keys: str) -> None:
    """Press keys and wait until the screen has stopped changing, however slow the machine is."""
    await pilot.press(*keys)
    calm, before = 0, None
    for _ in range(200):
        await pilot.pause(0.03)
        now = text_of(pilot.app) + colors_of(pilot.app)
        calm, before = (calm + 1 if now == before else 0), now
        if calm == 4:  # longer than any of the screen's own timers but its clock
            return
    raise AssertionError("the screen does not come to rest")


def check(name: str, app: LabApp) -> None:
    """Compare the screen with the kept one."""
    path = SNAPSHOTS / f"{name}.txt"
    now = text_of(app) + colors_of(app)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    assert path.is_file(), "no snapshot yet: UPDATE_SNAPSHOTS=1 makes it; then look at it"
    assert now == path.read_text(encoding="utf-8")
