"""The layers as a table: what flows through them, and whether it is well."""

from textual import events
from textual.message import Message

from engine.diagnostics import BAD, WATCH, LayerState
from tui_lab.charts.canvas import BOLD, REVERSE, Canvas
from tui_lab.numbers import number
from tui_lab.session.base import Snapshot
from tui_lab.session.blocks import short_name
from tui_lab.tui.actions import LAYERS, bindings
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.waiting import waiting_for

COLUMNS = (
    ("activation_mean", "act mean", 8),
    ("activation_std", "act std", 7),
    ("saturated", "flat", 5),
    ("dead", "dead", 5),
    ("gradient_std", "grad std", 8),
    ("weight_std", "w std", 7),
    ("update_ratio", "upd:data", 8),
)
SHORT = ("activation_std", "gradient_std", "update_ratio")

HELP = """\
A row a layer. act: mean and deviation of its outputs. flat: share of saturated outputs (tanh, sigmoid). dead: share
of units that are 0 for the whole batch (ReLU). grad: deviation of the gradient at its output. w: deviation of the
weights. upd:data: log10 of the true change of the weights to their size; healthy is about −3.

↑ ↓ choose the layer whose histograms are shown"""


class LayersTable(CanvasWidget, can_focus=True):
    """A row a layer; colored where an expert would look twice."""

    help_text = HELP
    BINDINGS = bindings(LAYERS)
    actions = LAYERS

    class Chosen(Message):
        """Another layer was chosen."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, brief: bool = False, **options) -> None:
        super().__init__(**options)
        self.brief = brief
        self.cursor = 0

    @property
    def states(self) -> list[LayerState]:
        """The layers that have a row; in brief only the outermost."""
        states = shown_layers(self.snapshot) if self.snapshot is not None else []
        return [state for state in states if "." not in state.name] if self.brief else states

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, palette = Canvas.blank(height, width), self.snapshot, self.chart_style.palette
        if s is None:
            return canvas
        columns = [c for c in COLUMNS if not self.brief or c[0] in SHORT]
        states = self.states
        left = 18 if width >= 60 or self.brief else 14
        left = max([left, *(len(short_name(state.name)) + 3 for state in states)])
        while columns and left + sum(w + 2 for *_, w in columns) > width:
            columns.pop(0)
        canvas.put(0, 1, "LAYERS", fg=palette.muted, attributes=BOLD)
        column = left
        for _, title, size in columns:
            canvas.put(0, column, title.rjust(size), fg=palette.muted)
            column += size + 2
        first = max(0, min(self.cursor, len(states) - 1) - max(0, height - 2))
        for y, state in enumerate(states[first : first + height - 1], start=1):
            at = first + y - 1 == self.cursor and not self.brief
            self.paint_row(canvas, y, state, columns, left, at)
        if not states and height > 1:
            canvas.put(1, 1, waiting_for(s, "not measured yet"), fg=palette.muted)
        return canvas

    def paint_row(
        self, canvas: Canvas, y: int, state: LayerState, columns: list, left: int, chosen: bool
    ) -> None:
        palette = self.chart_style.palette
        colors = {WATCH: palette.warning, BAD: palette.fault}
        name, shape = short_name(state.name), "·".join(map(str, state.shape))
        name = f"{name} {shape}" if len(name) + len(shape) < left - 2 or "." not in state.name else name
        attributes = REVERSE if chosen and self.has_focus else BOLD if chosen else 0
        canvas.put(y, 1, name[: left - 2], fg=palette.text, attributes=attributes)
        column = left
        for field, _, size in columns:
            value = getattr(state, field)
            level = state.levels.get(field, "")
            text = cell_text(field, value, size)
            if level in colors:
                text = "!" + text[1:] if text[0] == " " else text
            canvas.put(
                y, column, text, fg=colors.get(level, palette.text if value is not None else palette.faint)
            )
            column += size + 2

    def action_move(self, by: int) -> None:
        states = self.states
        if states:
            self.cursor = min(max(self.cursor + by, 0), len(states) - 1)
            self.post_message(self.Chosen(states[self.cursor].name))
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        self.focus()
        self.action_move(event.y - 1 - self.cursor)


def shown_layers(s: Snapshot) -> list[LayerState]:
    """The layers, each before those within it."""
    names = [state.name for state in s.layers]

    def place(state: LayerState) -> tuple[int, int]:
        outer = state.name.split(".")[0]
        inner = names.index(state.name) if "." in state.name else -1
        return (names.index(outer) if outer in names else names.index(state.name)), inner

    return sorted(s.layers, key=place)


def cell_text(field: str, value: float | None, size: int) -> str:
    if value is None:
        return "–".rjust(size)
    if field in ("saturated", "dead"):
        return f"{value:.0%}".rjust(size)
    if field == "update_ratio":
        return f"{value:.1f}".replace("-", "−").rjust(size)
    return number(value, max(6, size)).rjust(size)
