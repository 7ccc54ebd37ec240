"""What the network sees: the decision over the plane, the fit, the mistakes; and the data before it learns."""

import numpy as np

from engine.probes import Classes, Fit, Plane
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.confusion import confusion_matrix
from tui_lab.charts.heat import decision_map, draw_points, heat_map
from tui_lab.charts.images import Caption, mosaic
from tui_lab.charts.numbers import number
from tui_lab.charts.palette import Look
from tui_lab.charts.scatter import fit as fit_curve
from tui_lab.charts.scatter import predicted_against_true
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.cells import CanvasWidget

SHADES = 7  # of a class: finer ones cost bytes at every repaint and are not seen

HELP = """\
What the network sees. For two inputs the plane, coloured by the class it would answer and how sure it is; • are
training points, ▪ validation points. For a regression predicted against true values, or the curve itself. For classes
the confusion matrix and the mistakes it is surest of."""


class Picture(CanvasWidget, can_focus=True):
    """The picture that suits the data, with the headline metric above it."""

    help_text = HELP

    def __init__(self, large: bool = False, **options) -> None:
        super().__init__(**options)
        self.large = large

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, look = Canvas.blank(height, width), self.snapshot, self.chart_look
        if s is None:
            return canvas
        canvas.put(0, 0, "WHAT IT SEES", fg=look.palette.muted, attributes=BOLD)
        value = s.log.get(s.metric)
        if value is not None and width > 36:
            text = f"{s.metric} {number(value).strip()} val"
            canvas.put(0, width - len(text), text, fg=look.palette.validation)
        body = self.body(s, height - 1, width, look)
        if body is not None:
            canvas.paste(body, 1, 0)
        elif height > 2:
            waiting = "press space to train" if s.step == 0 else "looking …"
            canvas.put(height // 2, max(0, (width - len(waiting)) // 2), waiting, fg=look.palette.muted)
        return canvas

    def body(self, s: Snapshot, height: int, width: int, look: Look) -> Canvas | None:
        if s.plane is not None:
            return plane_picture(s.plane, height, width, look)
        if s.fit is not None:
            return fit_picture(s.fit, height, width, look)
        if s.classes is not None:
            return classes_picture(s.classes, height, width, look)
        return None


class Neurons(CanvasWidget):
    """The hidden neurons' maps as small multiples, or the mistakes in large."""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, look = Canvas.blank(height, width), self.snapshot, self.chart_look
        if s is None:
            return canvas
        if s.plane is not None and s.plane.neurons:
            canvas.put(0, 1, "HIDDEN NEURONS", fg=look.palette.muted, attributes=BOLD)
            paint_neurons(canvas, s.plane, look)
        elif s.classes is not None:
            canvas.put(0, 1, "SUREST MISTAKES", fg=look.palette.muted, attributes=BOLD)
            canvas.paste(mistakes_picture(s.classes, height - 1, width - 2, look), 1, 1)
        return canvas


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


def plane_picture(plane: Plane, height: int, width: int, look: Look) -> Canvas:
    x, y = plane.x.T
    shades = np.round(plane.values * SHADES) / SHADES
    return decision_map(
        shades[::-1], (0, 1, 0, 1), height, width, look,
        x=x, y=y, classes=plane.y, held_out=plane.test, low=-1, high=1,
    )  # fmt: skip


def fit_picture(fit: Fit, height: int, width: int, look: Look) -> Canvas:
    if fit.x is None or fit.curve_x is None or fit.curve_y is None:
        return predicted_against_true(fit.true, fit.predicted, height, width, look)
    return fit_curve(fit.x, fit.true, fit.curve_x, fit.curve_y, height, width, look)


def classes_picture(classes: Classes, height: int, width: int, look: Look) -> Canvas:
    return confusion_matrix(classes.counts, classes.names, height, width, look)


def mistakes_picture(classes: Classes, height: int, width: int, look: Look) -> Canvas:
    captions = [f"{classes.names[p]}, is {classes.names[t]}" for t, p, _ in classes.mistakes]
    if classes.images is not None and len(classes.images):
        return mosaic(classes.images, [Caption(c, False) for c in captions], height, width, look)
    canvas = Canvas.blank(height, width)
    if not captions:
        canvas.put(0, 0, "none on the validation rows", fg=look.palette.good)
    for y, (caption, (_, _, p)) in enumerate(zip(captions, classes.mistakes, strict=True)):
        canvas.put(y, 0, f"said {caption}", fg=look.palette.text)
        canvas.put(y, max(24, len(caption) + 8), f"sure to {p:.0%}", fg=look.palette.muted)
    return canvas


def paint_neurons(canvas: Canvas, plane: Plane, look: Look) -> None:
    """A row of small maps for each layer."""
    room = (canvas.height - 1) // max(1, len(plane.neurons))
    for i, (name, maps) in enumerate(plane.neurons):
        top = 1 + i * room
        canvas.put(top, 1, name, fg=look.palette.muted)
        rows = max(1, (len(maps) * 10 + canvas.width - 3) // max(1, canvas.width - 2))
        high = max(2, (room - 1) // rows - 1) if rows else 2
        wide = min(2 * high + 2, canvas.width - 2)
        across = max(1, (canvas.width - 1) // (wide + 1))
        for n, values in enumerate(maps):
            y, x = top + 1 + (n // across) * (high + 1), 1 + (n % across) * (wide + 1)
            if y + high <= top + room:
                canvas.paste(heat_map(values, high, wide, look, signed=True, low=-1, high=1), y, x)


def data_picture(s: Snapshot, height: int, width: int, look: Look) -> Canvas | None:
    """Points of the plane, digits, or the first columns in numbers; None before the data are there."""
    data = s.data
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
