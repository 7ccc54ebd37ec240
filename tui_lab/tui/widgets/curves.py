"""Curve charts: loss, metric, gradient norm and all the rest over the steps."""

import time

from textual import events
from textual.message import Message

from engine.edits import shown
from tui_lab.charts.axes import Axis, growing_window
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.lines import Event, LineChart, Series, line_chart
from tui_lab.charts.smoothing import smooth
from tui_lab.session import base
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.waiting import waiting_for

HELP = """\
A curve over the steps; what shares a column is drawn from its least to its greatest value, so no spike is lost.
Dashed lines are edits, with the new value at the axis; ! is a warning.

x puts up a cursor that reads values, ← → or a click move it · + − smooth (debiased mean, the raw values behind it) ·
l log scale · [ ] zoom · , . scroll · m maximize · o the next charts, in the tab Curves"""
LOG_AT_FIRST = {"gradient_norm"}
REST_SECONDS = 0.35


class CurveOptions:
    """How curves are looked at; the charts of one screen share them."""

    def __init__(self) -> None:
        self.log: bool | None = None  # None: each chart's own choice
        self.smoothing = 0.0
        self.span: int | None = None  # steps in the window; None: all
        self.end: int | None = None  # the window's last step; None: follows the run
        self.cursor: int | None = None

    def window(self, snapshot: Snapshot) -> tuple[int, int | None]:
        """First and last step to ask for; None follows the run."""
        if self.span is None:
            return 0, None
        last = self.end if self.end is not None else snapshot.step
        return max(0, last - self.span), self.end


class CurveChart(CanvasWidget, can_focus=True):
    """One chart of the curves named `curves`, with marks for edits and warnings on the axis of steps."""

    help_text = HELP

    class StepChosen(Message):
        """A step was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, curves: tuple[str, ...], title: str, options: CurveOptions, **others) -> None:
        super().__init__(**others)
        self.curves, self.chart_title, self.options = curves, title, options
        self.axis: Axis | None = None
        self.frame: tuple[float, float] | None = None
        self.chart: LineChart | None = None
        self.painted = 0.0

    def show(self, snapshot: Snapshot | None) -> None:
        """Show another snapshot; while training, curves move on every other time: they change little in between."""
        now = time.monotonic()
        moving = snapshot is not None and snapshot.phase == base.TRAINING
        if moving and now - self.painted < REST_SECONDS and self.canvas is not None:
            self.snapshot = snapshot
            return
        self.painted = now
        super().show(snapshot)

    def name_curves(self, s: Snapshot) -> None:
        """Fill in the curves of the headline metric, which depends on the task."""
        headline = (s.metric, *(f"{s.metric}_{name}" for name in s.data.get("baselines", ())))
        if self.curves == ("metric",) and s.metric:
            self.curves, self.chart_title = headline, s.metric.upper().replace("_", " ")

    @property
    def is_log(self) -> bool:
        return self.curves[0] in LOG_AT_FIRST if self.options.log is None else self.options.log

    def paint(self, height: int, width: int) -> Canvas:
        s, style = self.snapshot, self.chart_style
        if s is None:
            return Canvas.blank(height, width)
        self.chart = line_chart(
            self.series(s), height, width, style,
            title=self.chart_title,
            window=self.window(s),
            log=self.is_log,
            previous=self.axis,
            events=self.marks(s),
            cursor=self.options.cursor,
            waiting=waiting_for(s, "no values yet"),
        )  # fmt: skip
        self.axis = self.chart.y_axis
        return self.chart.canvas

    def window(self, s: Snapshot) -> tuple[float, float]:
        if self.options.span is None:
            self.frame = growing_window(0, max(s.step, 10), self.frame)
            return self.frame
        last = self.options.end if self.options.end is not None else s.step
        return max(0, last - self.options.span), max(last, 1)

    def on_click(self, event: events.Click) -> None:
        if self.chart is not None and self.snapshot is not None:
            step = round(self.chart.step_at(event.x))
            self.post_message(self.StepChosen(min(max(step, 0), self.snapshot.step)))

    def series(self, s: Snapshot) -> list[Series]:
        palette = self.chart_style.palette
        colors = {"train_loss": palette.train, "val_loss": palette.validation}
        colors |= {f"{s.metric}_{name}": palette.muted for name in s.data.get("baselines", ())}
        found = []
        for name in self.curves:
            curve = s.curves.get(name)
            if curve is None or not len(curve):
                continue
            fallback = (
                palette.train if name in ("gradient_norm", "lr", "steps_per_second") else palette.validation
            )
            color = colors.get(name, fallback)
            label = {"train_loss": "train", "val_loss": "validation"}.get(name, name)
            if self.options.smoothing and name not in ("lr", "steps_per_second"):
                faded = palette.faded(color)
                found.append(Series(label, curve.x, curve.mean, faded, curve.low, curve.high, legend=False))
                found.append(Series(label, curve.x, smooth(curve.mean, self.options.smoothing), color))
            else:
                found.append(Series(label, curve.x, curve.mean, color, curve.low, curve.high))
        return found

    def marks(self, s: Snapshot) -> list[Event]:
        palette = self.chart_style.palette
        marks = []
        for event in s.events:
            if event["event"] == "edit":
                first = event["changes"][0]
                label = f"{first['field'].rsplit('.', 1)[-1]} {shown(first['new'])[:12]}"
                marks.append(Event(event["step"], label, palette.edit))
            elif event["event"] == "warning":
                marks.append(Event(event["step"], "!", palette.warning))
        return marks[-12:]
