"""All curves as small multiples, in pages where there is no room for all of them."""

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.curves import CurveChart, CurveOptions

FIRST = (
    (("train_loss", "val_loss"), "LOSS"),
    (("metric",), "METRIC"),
    (("gradient_norm",), "GRADIENT NORM before clipping"),
    (("lr",), "LEARNING RATE"),
    (("steps_per_second",), "STEPS A SECOND"),
)
ROWS = 8  # of a chart, at least
COLUMNS = ((150, 3), (100, 2), (0, 1))  # charts beside each other, by the width


class CurveGrid(Vertical):
    """Loss, headline metric, gradient norm, learning rate, pace, then a chart for each other metric there is."""

    DEFAULT_CSS = """
    CurveGrid Container { layout: grid; height: 1fr; }
    CurveGrid CurveChart { margin: 0 1 0 0; }
    CurveGrid Static { height: 1; padding: 0 1; color: $foreground 60%; }
    """

    def __init__(self, options: CurveOptions, **others) -> None:
        super().__init__(**others)
        self.options, self.page = options, 0
        self.charts = [CurveChart(curves, title, options) for curves, title in FIRST]

    def compose(self) -> ComposeResult:
        with Container():
            yield from self.charts
        yield Static()

    def on_mount(self) -> None:
        self.turn(0)

    def on_resize(self) -> None:
        self.turn(0)

    def follow(self, snapshot: Snapshot) -> None:
        """Make a chart for each metric that has not got one."""
        shown = {name for chart in self.charts for name in chart.curves}
        new = [
            CurveChart((n,), n.upper().replace("_", " "), self.options)
            for n in snapshot.curves
            if n not in shown
        ]
        if new and snapshot.metric in snapshot.curves:
            self.charts += new
            self.query_one(Container).mount(*new)
            self.turn(0)

    def turn(self, by: int) -> None:
        """Show another page, and as many charts as there is room for."""
        across = next(n for least, n in COLUMNS if self.size.width >= least)
        down = max(1, min(-(-len(self.charts) // across), (self.size.height - 1) // ROWS))
        room = across * down
        pages = -(-len(self.charts) // room)
        self.page = (self.page + by) % pages
        first = self.page * room
        grid = self.query_one(Container)
        grid.styles.grid_size_columns, grid.styles.grid_size_rows = across, down
        for i, chart in enumerate(self.charts):
            chart.display = first <= i < first + room
        last = min(first + room, len(self.charts))
        hint = self.query_one(Static)
        hint.display = pages > 1
        hint.update(f"charts {first + 1} – {last} of {len(self.charts)} · o shows the next")
