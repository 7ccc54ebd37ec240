"""CanvasWidget: a widget that paints a canvas of cells and refreshes only the cells that changed."""

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_lab.charts.canvas import BOLD, DIM, REVERSE, UNDERLINE, Canvas
from tui_lab.charts.palette import Look
from tui_lab.session.base import Snapshot


@lru_cache(maxsize=2048)
def style_of(fg: int, bg: int, attributes: int) -> Style:
    """The style of a run of cells; never None, which Textual does not bear under NO_COLOR."""
    return Style(
        color=colour_of(fg) if fg >= 0 else None,
        bgcolor=colour_of(bg) if bg >= 0 else None,
        bold=bool(attributes & BOLD),
        dim=bool(attributes & DIM),
        underline=bool(attributes & UNDERLINE),
        reverse=bool(attributes & REVERSE),
    )


def colour_of(rgb: int) -> Color:
    return Color.from_rgb(rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255)


class CanvasWidget(Widget):
    """Shows `paint()`, which a subclass gives for the present size and snapshot."""

    DEFAULT_CSS = "CanvasWidget { width: 1fr; height: 1fr; }"

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.snapshot: Snapshot | None = None
        self.canvas: Canvas | None = None

    @property
    def chart_look(self) -> Look:
        """Palette, glyphs and colours of the terminal."""
        return self.app.chart_look  # type: ignore[attr-defined]

    def paint(self, height: int, width: int) -> Canvas:
        """The widget's cells."""
        raise NotImplementedError

    def show(self, snapshot: Snapshot | None) -> None:
        """Show another snapshot."""
        self.snapshot = snapshot
        self.repaint()

    def repaint(self) -> None:
        """Paint, and refresh the part of each row that differs."""
        height, width = self.size.height, self.size.width
        if not self.is_mounted or not height or not width or not self.display:
            return
        canvas = self.paint(height, width)
        changed = canvas.changed_spans(self.canvas)
        self.canvas = canvas
        if changed:
            self.refresh(*[Region(first, row, last - first, 1) for row, first, last in changed])

    def render_line(self, y: int) -> Strip:
        if self.canvas is None or y >= self.canvas.height:
            return Strip.blank(self.size.width, self.rich_style)
        base = self.rich_style
        segments = [Segment(text, base + style_of(*style)) for text, *style in self.canvas.runs(y)]
        return Strip(segments, self.canvas.width)

    def on_resize(self, event: events.Resize) -> None:
        self.canvas = None
        self.repaint()

    def on_show(self) -> None:
        self.repaint()

    def notify_style_update(self) -> None:
        self.canvas = None
        super().notify_style_update()
        self.call_after_refresh(self.repaint)
