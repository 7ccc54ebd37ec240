"""All that is used of Textual though it is not public, so that a new version is tried here."""

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

from tui_lab.charts.canvas import BOLD, DIM, REVERSE, UNDERLINE, Canvas
from tui_lab.charts.colors import DEFAULT
from tui_lab.charts.text import cell_width


def canvas_of(screen: Screen) -> Canvas:
    """What stands on the screen now, cell by cell."""
    canvas = Canvas.blank(screen.size.height, screen.size.width)
    for y, strip in enumerate(screen._compositor.render_strips()):
        column = 0
        for text, style, _ in strip:
            style = style or Style.null()
            canvas.put(y, column, text, rgb(style.color), rgb(style.bgcolor), attributes(style))
            column += cell_width(text)
    return canvas


def rgb(color: Color | None) -> int:
    if color is None or color.is_default:
        return DEFAULT
    return int.from_bytes(bytes(color.get_truecolor()))


def attributes(style: Style) -> int:
    flags = {BOLD: style.bold, DIM: style.dim, UNDERLINE: style.underline, REVERSE: style.reverse}
    return sum(flag for flag, chosen in flags.items() if chosen)


def segments_of(strip: Strip) -> list[Segment]:
    """The segments of a strip as they are: iterating over it would copy them for every row that is painted."""
    return strip._segments


class QuietApp(App[int]):
    """An app that leaves without printing over the terminal when it fails: whoever ran it tells what happened."""

    failure: Exception | None = None

    def _handle_exception(self, error: Exception) -> None:
        self.failure = self.failure or error  # later ones follow from the first
        self.exit(1, return_code=1)
