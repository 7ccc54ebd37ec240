"""Pictures of what the network has learned, and of the data before it learns."""

from textual import events
from textual.message import Message

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.heat import draw_points
from tui_lab.charts.images import Caption, mosaic
from tui_lab.charts.numbers import number
from tui_lab.charts.palette import Look
from tui_lab.charts.text import wrapped
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets import sights
from tui_lab.tui.widgets.cells import CanvasWidget

HELP = """\
What the network sees. For two inputs the plane, coloured by the class it would answer and how sure it is; • are
training points, ▪ validation points. For a regression predicted against true values, or the curve itself. For classes
the confusion matrix, for text what it writes, for images its filters and feature maps. o shows the next picture, n
the next example or head; i asks for a prompt."""


class Picture(CanvasWidget, can_focus=True):
    """One of the run's sights, with the headline metric above it."""

    help_text = HELP

    class NextWanted(Message):
        """A click on the title: the next sight."""

        def __init__(self, picture: "Picture") -> None:
            super().__init__()
            self.picture = picture

    def __init__(self, first: int = 0, metric: bool = True, **options) -> None:
        super().__init__(**options)
        self.choice = first  # which of the run's sights
        self.index = 0  # which example or head of it
        self.metric = metric

    def name_of(self, snapshot: Snapshot) -> str:
        """The sight that is shown here; empty where the run has fewer."""
        names = snapshot.sights
        if self.choice < len(names):
            return names[self.choice]
        return ""

    def next(self, snapshot: Snapshot) -> None:
        self.choice = (self.choice + 1) % max(1, len(snapshot.sights))

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, look = Canvas.blank(height, width), self.snapshot, self.chart_look
        if s is None:
            return canvas
        name = self.name_of(s)
        if not name and self.choice:
            return canvas
        title = sights.TITLES.get(name, "WHAT IT SEES")
        canvas.put(0, 0, title, fg=look.palette.muted, attributes=BOLD)
        if len(s.sights) > 1 and width > 60:
            place = f"{self.choice + 1} of {len(s.sights)}, o next"
            canvas.put(0, len(title) + 2, place, fg=look.palette.faint)
        value = s.log.get(s.metric)
        if self.metric and value is not None and width > 36:
            text = f"{s.metric} {number(value).strip()} val"
            canvas.put(0, width - len(text), text, fg=look.palette.validation)
        body = sights.draw(name, s.seen.get(name), height - 1, width, look, self.index)
        if body is not None:
            canvas.paste(body, 1, 0)
        elif height > 2:
            waiting = "press space to train" if s.step == 0 else "looking …"
            canvas.put(height // 2, max(0, (width - len(waiting)) // 2), waiting, fg=look.palette.muted)
        return canvas

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self.post_message(self.NextWanted(self))


class Samples(CanvasWidget):
    """Some of the training rows, drawn where they can be."""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, look = Canvas.blank(height, width), self.snapshot, self.chart_look
        if s is None:
            return canvas
        canvas.put(0, 1, "SAMPLES", fg=look.palette.muted, attributes=BOLD)
        body = data_picture(s, height - 1, width - 2, look)
        if body is not None:
            canvas.paste(body, 1, 1)
        return canvas


class Preview(CanvasWidget):
    """The data of a preset, before anything is trained."""

    def paint(self, height: int, width: int) -> Canvas:
        if self.snapshot is None:
            return Canvas.blank(height, width)
        return data_picture(self.snapshot, height, width, self.chart_look) or Canvas.blank(height, width)


def data_picture(s: Snapshot, height: int, width: int, look: Look) -> Canvas | None:
    """Points of the plane, digits, the beginning of a text, or columns in numbers; None before the data are there."""
    data = s.data
    if "text" in data:
        canvas = Canvas.blank(height, width)
        for y, line in enumerate(wrapped(data["text"], width)[:height]):
            canvas.put(y, 0, line, fg=look.palette.text)
        return canvas
    if "points" in data:
        points, classes = data["points"]
        low, high = points.min(axis=0), points.max(axis=0)
        canvas = Canvas.blank(height, width)
        x, y = points.T
        draw_points(canvas, (low[0], high[0], low[1], high[1]), look, x, y, classes)
        return canvas
    if "samples" in data:
        names = data["classes"] or [str(i) for i in range(1000)]
        captions = [Caption(names[label]) for label in data["sample_labels"]]
        return mosaic(data["samples"], captions, height, width, look)
    if "columns" in data:
        canvas = Canvas.blank(height, width)
        canvas.put(0, 0, f"{'input':24} {'mean':>8} {'deviation':>10}", fg=look.palette.muted)
        for y, (name, values) in enumerate(data["columns"][: height - 1], start=1):
            line = f"{name[:24]:24} {number(values[0]):>8} {number(values[1]):>10}"
            canvas.put(y, 0, line, fg=look.palette.text)
        return canvas
    return None
