"""Colors with fixed meanings, for dark and light grounds, and the style of a chart: palette, glyphs, depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_lab.charts.colors import Depth, gradient, mix
from tui_lab.charts.glyphs import BRAILLE, Glyphs

SEQUENTIAL_LEVELS = 32
DIVERGING_LEVELS = 31


@dataclass(frozen=True, eq=False, repr=False)
class Palette:
    """Roles of color. `ground` is what lies behind a chart: colors fade towards it. Classes, the sequential map
    (32,) and the diverging map (31,) are told apart with every common color blindness; both maps grow
    brighter from end to end, so they survive as greys."""

    dark: bool
    ground: int
    text: int
    muted: int  # labels, axes
    faint: int  # rules, grids, what is only background
    train: int
    validation: int
    test: int
    good: int
    warning: int
    fault: int
    edit: int
    cursor: int
    negative: int
    positive: int
    classes: tuple[int, ...]
    sequential: np.ndarray
    diverging: np.ndarray

    def __repr__(self) -> str:
        return f"Palette({'dark' if self.dark else 'light'})"

    def group(self, index: int) -> int:
        """The color of a class; more classes than colors begin again."""
        return self.classes[index % len(self.classes)]

    def faded(self, color: int, share: float = 0.6) -> int:
        """A color that steps back: towards the ground by a share."""
        return mix(color, self.ground, share)

    def fades(self, color: int, levels: int = 8) -> np.ndarray:
        """Colors (levels,) int32 from the ground to a color."""
        return gradient([self.ground, color], levels)


# Dark blue over a neutral grey to pale orange: the two class colors at its ends.
_DIVERGING = [0x102F5C, 0x1B5A9E, 0x4178AA, 0x7F7F84, 0xC69C5E, 0xEBB55F, 0xF8D48E]

DARK = Palette(
    dark=True,
    ground=0x12141A,
    text=0xD8DCE6,
    muted=0x8A91A3,
    faint=0x3B4150,
    train=0x56B4F5,
    validation=0xFF9F5A,
    test=0x5BD6A0,
    good=0x5BD6A0,
    warning=0xF5C542,
    fault=0xFF6470,
    edit=0xB79CFF,
    cursor=0xA9B1C4,
    negative=0x4C9BE8,
    positive=0xFFA94D,
    classes=(
        *(0x56B4F5, 0xFFA63D, 0x3CC79A, 0xE48BC0, 0xF0E442, 0xF2703F),
        *(0x8C9EFF, 0xB5BCC9, 0xA3D65C, 0xC9A27E, 0x6FE3E1, 0xC77DFF),
    ),
    sequential=gradient([0x141830, 0x23307A, 0x27659E, 0x2C9C9B, 0x7CCB7A, 0xF4F1A0], SEQUENTIAL_LEVELS),
    diverging=gradient(_DIVERGING, DIVERGING_LEVELS),
)

LIGHT = Palette(
    dark=False,
    ground=0xFAFAF7,
    text=0x22252C,
    muted=0x646B7A,
    faint=0xC9CDD6,
    train=0x0B6FC2,
    validation=0xC2560A,
    test=0x0A7F58,
    good=0x0A7F58,
    warning=0x9A6A00,
    fault=0xC4202F,
    edit=0x6D3FC4,
    cursor=0x4A505C,
    negative=0x0B6FC2,
    positive=0xCF6A00,
    classes=(
        *(0x0B6FC2, 0xC96A00, 0x0A8A63, 0xB3478A, 0x8C7A00, 0xBF3B0A),
        *(0x4A55C8, 0x5C6370, 0x4F7F12, 0x7A5230, 0x0B8A8C, 0x8A2FC9),
    ),
    sequential=gradient([0x1B1F4B, 0x27408B, 0x2C74A8, 0x3BA59B, 0x95CF86, 0xF7F5C6], SEQUENTIAL_LEVELS),
    diverging=gradient(_DIVERGING, DIVERGING_LEVELS),
)


@dataclass(frozen=True, eq=False)
class ChartStyle:
    """How charts are drawn: colors by role, characters, and how many colors the terminal has."""

    palette: Palette = DARK
    glyphs: Glyphs = BRAILLE
    depth: Depth = Depth.TRUE

    @property
    def shaded(self) -> bool:
        """Whether color alone can show a value; otherwise the density of characters does."""
        return self.depth >= Depth.MANY

    @property
    def halves(self) -> bool:
        """Whether a cell can show two colors, one over the other."""
        return self.shaded and bool(self.glyphs.upper_half)

    @property
    def colorless(self) -> bool:
        return self.depth == Depth.NONE


def depth_for(environment: dict[str, str], color_system: str | None) -> Depth:
    """The depth of a terminal: none under NO_COLOR, else what Rich calls its color system."""
    if environment.get("NO_COLOR") or color_system is None:
        return Depth.NONE
    return {"standard": Depth.SIXTEEN, "windows": Depth.SIXTEEN, "256": Depth.MANY}.get(
        color_system, Depth.TRUE
    )
