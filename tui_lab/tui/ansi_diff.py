"""Fewer bytes for the same screen: of a style, only what changes from one run of cells to the next is said.

Rich writes each run of cells as its whole style, the text and a reset, which over a slow link is most of a frame.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from textual.driver import Driver

# A style; or a move of the cursor or a mode, which no style touches.
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m|(\x1b\[\?[0-9;]*[hl]|\x1b\[[0-9;]*[ABCDH])")
COLOR_WORDS = {"5": 3, "2": 5}  # of 38;5;n and 38;2;r;g;b


class Style(NamedTuple):
    """Codes as a terminal takes them; "" is its own color."""

    flags: frozenset[str] = frozenset()
    ink: str = ""
    ground: str = ""


PLAIN = Style()
SEEN_ON_BLANKS = {"4", "7", "9", "21", "53"}  # underlined, reverse, struck, doubly underlined, overlined


def thin(text: str) -> str:
    """The same text for a terminal that is in no style before, and is in none after; as it was, where it has
    sequences that are not known."""
    parts: list[str] = []
    now = wanted = PLAIN
    at = 0
    for match in SEQUENCE.finditer(text):
        if between := text[at : match.start()]:
            now = _say(parts, now, wanted, between)
        at = match.end()
        if match[2] is not None:
            parts.append(match[2])
            continue
        after = _after(wanted, match[1])
        if after is None:
            return text
        wanted = after
    if rest := text[at:]:
        now = _say(parts, now, wanted, rest)
    parts.append(_change(now, wanted))
    return "".join(parts)


def _say(parts: list[str], now: Style, wanted: Style, text: str) -> Style:
    """Add a text in its style; gives the style that the terminal is then in."""
    if text.count(" ") == len(text) and not wanted.flags & SEEN_ON_BLANKS and not now.flags & SEEN_ON_BLANKS:
        wanted = now._replace(ground=wanted.ground)  # of blanks only the ground is seen
    parts.append(_change(now, wanted))
    parts.append(text)
    return wanted


@lru_cache(512)
def _after(style: Style, codes: str) -> Style | None:
    """What a sequence makes of a style; None where it has codes that are not known."""
    words = codes.split(";") if codes else ["0"]
    while words:
        word = words[0]
        count = COLOR_WORDS.get(words[1] if len(words) > 1 else "", 0) if word in ("38", "48") else 1
        if not word or not count or len(words) < count:
            return None
        code, words, number = ";".join(words[:count]), words[count:], int(word)
        if number == 0:
            style = PLAIN
        elif number <= 9 or number in (21, 51, 52, 53):
            style = style._replace(flags=style.flags | {code})
        elif 30 <= number <= 38 or 90 <= number <= 97:
            style = style._replace(ink=code)
        elif 40 <= number <= 48 or 100 <= number <= 107:
            style = style._replace(ground=code)
        else:
            return None
    return style


@lru_cache(512)
def _change(now: Style, wanted: Style) -> str:
    """The shortest sequence from one style to another; what is lost needs a reset."""
    if now == wanted:
        return ""
    lost = now.flags - wanted.flags or (now.ink and not wanted.ink) or (now.ground and not wanted.ground)
    known = PLAIN if lost else now
    codes = ["0"] if lost else []
    codes += sorted(wanted.flags - known.flags)
    codes += [wanted.ink] if wanted.ink != known.ink else []
    codes += [wanted.ground] if wanted.ground != known.ground else []
    return f"\x1b[{';'.join(codes)}m"


def thinned(driver: type[Driver]) -> type[Driver]:
    """The driver of a terminal, writing thinly."""

    class Thinned(driver):  # type: ignore[valid-type, misc]
        def write(self, data: str) -> None:
            super().write(thin(data) if "m" in data else data)

    return Thinned
