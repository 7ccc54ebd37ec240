"""CanvasWidget: a widget that paints a canvas of cells and refreshes only the cells that changed."""

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events, getters
from textual.color import Color as Ground
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_lab.charts.canvas import BOLD, DIM, REVERSE, UNDERLINE, Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, cut
from tui_lab.session.base import Snapshot
from tui_lab.tui.host import LabHost
from tui_lab.tui.textual_private import segments_of


@lru_cache(512)
def style_of(base: Style, fg: int, bg: int, attributes: int) -> Style:
    """The style of a run of cells over the widget's; never None, which Textual does not bear under NO_COLOR.

    Not `base + Style(…)`: Rich would keep the parts of the last 1,024 sums, too.
    """
    return Style(
        color=color_of(fg) if fg >= 0 else base.color,
        bgcolor=color_of(bg) if bg >= 0 else base.bgcolor,
        bold=bool(attributes & BOLD),
        dim=bool(attributes & DIM),
        underline=bool(attributes & UNDERLINE),
        reverse=bool(attributes & REVERSE),
    )


@lru_cache(256)
def color_of(rgb: int) -> Color:
    return Color.from_rgb(rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255)


class Row(Strip):
    """A row of cells that is cut without Rich's cache, which keeps each of the last 16,384 pieces of any text: a
    chart that changes for hours would fill it with megabytes that nobody asks for again."""

    def crop(self, start: int, end: int | None = None) -> Strip:
        last = self.cell_length if end is None else min(end, self.cell_length)
        start = max(start, 0)
        if (start, last) == (0, self.cell_length):
            return self
        narrow = sum(len(text) for text, *_ in segments_of(self)) == self.cell_length
        pieces, at = [], 0
        for text, style, _ in segments_of(self):
            left, right = max(start - at, 0), last - at
            width = len(text) if narrow else cell_width(text)
            if left < width and right > left:
                pieces.append(Segment(text[left:right] if narrow else cut(text, left, right), style))
            at += width
        return Row(pieces, max(last - start, 0))

    def apply_filter(self, filter: LineFilter, background: Ground) -> Strip:
        return Row(filter.apply(segments_of(self), background), self.cell_length)


class CanvasWidget(Widget):
    """Shows `paint()`, which a subclass gives for the present size and snapshot."""

    DEFAULT_CSS = "CanvasWidget { width: 1fr; height: 1fr; }"
    app = getters.app(LabHost)

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.snapshot: Snapshot | None = None
        self.canvas: Canvas | None = None

    @property
    def chart_style(self) -> ChartStyle:
        """Palette, glyphs and colors of the terminal."""
        return self.app.chart_style

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
        if self.has_focus:
            titles = canvas.attributes[0] & BOLD > 0
            canvas.attributes[0][titles] |= UNDERLINE
        changed = canvas.changed_spans(self.canvas)
        self.canvas = canvas
        if changed:
            self.refresh(*[Region(first, row, last - first, 1) for row, first, last in changed])

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a region, straight from the canvas: it knows itself what has changed."""
        ground = self.background_colors[1]
        filters = [f for f in self.get_line_filters() if not isinstance(f, ANSIToTruecolor)]  # all are true
        rows: list[Strip] = []
        for y in crop.line_range:
            row = self.render_line(y)
            for each in filters:
                row = row.apply_filter(each, ground)
            rows.append(row.crop(*crop.column_span))
        return rows

    def render_line(self, y: int) -> Strip:
        if self.canvas is None or y >= self.canvas.height:
            return Strip.blank(self.size.width, self.rich_style)
        base = self.rich_style
        segments = [Segment(text, style_of(base, *style)) for text, *style in self.canvas.runs(y)]
        return Row(segments, self.canvas.width)

    def on_resize(self, event: events.Resize) -> None:
        self.canvas = None
        self.repaint()

    def on_show(self) -> None:
        self.repaint()

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    def notify_style_update(self) -> None:
        self.canvas = None
        super().notify_style_update()
        self.call_after_refresh(self.repaint)
