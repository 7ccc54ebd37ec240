"""Decisions: the plane of two inputs, classes and mistakes, the fit of a regression."""

from engine.probes import Classes, Fit, Plane
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.confusion import confusion_matrix
from tui_lab.charts.heat import decision_map
from tui_lab.charts.images import Caption
from tui_lab.charts.maps import map_rows
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.scatter import fit as fit_curve
from tui_lab.charts.scatter import predicted_against_true
from tui_lab.charts.text import shorten
from tui_lab.tui.widgets.sights.choice import Choice
from tui_lab.tui.widgets.sights.images import gallery

SHADES = 7  # of a class: finer ones cost bytes at every repaint and are not seen


def plane(plane: Plane, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    x, y = plane.x.T
    shades = (plane.values * SHADES).round() / SHADES
    return decision_map(
        shades[::-1], (0, 1, 0, 1), height, width, style,
        x=x, y=y, classes=plane.y, held_out=plane.test, low=-1, high=1,
    )  # fmt: skip


def neurons(plane: Plane, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    return map_rows(plane.neurons, height, width, style, signed=True, low=-1.0)


def fit(fit: Fit, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    if fit.x is None or fit.curve_x is None or fit.curve_y is None:
        return predicted_against_true(fit.true, fit.predicted, height, width, style, title=fit.target)
    return fit_curve(fit.x, fit.true, fit.curve_x, fit.curve_y, height, width, style, title=fit.target)


def confusion(classes: Classes, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    return confusion_matrix(classes.counts, classes.names, height, width, style)


def mistakes(classes: Classes, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    """The rows themselves where they can be drawn; of a table, who was taken for whom."""
    names = classes.names
    if classes.rows is not None and len(classes.rows):
        captions = [Caption(f"{names[p]}, is {names[t]}", False) for t, p, _ in classes.mistakes]
        return gallery(classes.rows, captions, height, width, style)
    canvas, palette = Canvas.blank(height, width), style.palette
    if not classes.mistakes:
        canvas.put(0, 0, "none on the validation rows", fg=palette.good)
        return canvas
    wide = max(4, min(max(map(len, names)), (width - 16) // 2))
    canvas.put(0, 0, f"{'said'.ljust(wide)}  {'is'.ljust(wide)}  sure to", fg=palette.muted)
    for y, (true, said, p) in enumerate(classes.mistakes, start=1):
        canvas.put(y, 0, shorten(names[said], wide), fg=palette.fault)
        canvas.put(y, wide + 2, shorten(names[true], wide), fg=palette.text)
        canvas.put(y, 2 * wide + 4, f"{p:7.0%}", fg=palette.muted)
    return canvas
