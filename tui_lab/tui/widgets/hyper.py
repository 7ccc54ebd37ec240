"""The form of hyperparameters: every field of the experiment, live ones first in reach of a nudge."""

from typing import Any

from textual import events
from textual.message import Message

from tui_lab.charts.canvas import BOLD, REVERSE, Canvas
from tui_lab.session.base import Snapshot
from tui_lab.tui.actions import FORM, bindings
from tui_lab.tui.form import Row, nudged, rows_of
from tui_lab.tui.widgets.cells import CanvasWidget

HELP = """\
Every hyperparameter of the experiment. Those with ▴▾ change while the network learns; the others ask for a restart
with the same seed.

↑ ↓ choose · ← → nudge (a factor of 1.25 on log scales, the next choice elsewhere) · enter type a value"""


LABEL = 16  # cells of a field's name


class HyperForm(CanvasWidget, can_focus=True):
    """The fields of the experiment, a cursor, and the wish to change one."""

    help_text = HELP
    BINDINGS = bindings(FORM)
    actions = FORM

    class ChangeWanted(Message):
        """A field is to get a value; `live` says whether it may change in a running training."""

        def __init__(self, row: Row, value: Any) -> None:
            super().__init__()
            self.row, self.value = row, value

    class TypingWanted(Message):
        """A person wants to type a value for a field."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.rows: list[Row] = []
        self.cursor, self.top = 1, 0

    @property
    def chosen(self) -> Row | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def choose(self, path: str) -> None:
        """Put the cursor on a field."""
        for i, row in enumerate(self.rows):
            if row.path == path:
                self.cursor = i
        self.repaint()

    def show(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None and snapshot.experiment is not None:
            self.rows = rows_of(snapshot.experiment)
            self.cursor = min(self.cursor, len(self.rows) - 1)
        super().show(snapshot)

    def paint(self, height: int, width: int) -> Canvas:
        canvas, palette = Canvas.blank(height, width), self.chart_style.palette
        self.top = max(min(self.top, self.cursor - 1), self.cursor - height + 2, 0)
        self.top = min(self.top, max(0, len(self.rows) - height))
        marks = "▴▾" if self.chart_style.glyphs.name == "braille" else "+-"
        for y, row in enumerate(self.rows[self.top : self.top + height]):
            at = self.top + y == self.cursor and self.has_focus
            if row.heading:
                canvas.put(y, 1, row.label, fg=palette.muted, attributes=BOLD)
                continue
            attributes = REVERSE if at else 0
            room = max(4, width - LABEL - 5)
            text = row.text if len(row.text) <= room else row.text[: room - 1] + "…"
            line = f"  {row.label[:LABEL]:{LABEL}} {text}"
            if at:
                line = f"{line:{width - 3}}"
            canvas.put(y, 0, line, fg=palette.text if row.live else palette.muted, attributes=attributes)
            if row.live and row.field is not None and width > 24:
                canvas.put(
                    y, width - 3, marks, fg=palette.edit if at else palette.faint, attributes=attributes
                )
        return canvas

    def action_move(self, by: int) -> None:
        place = self.cursor + by
        while 0 < place < len(self.rows) and self.rows[place].heading:
            place += 1 if by > 0 else -1
        if 0 < place < len(self.rows):
            self.cursor = place
        self.repaint()

    def action_nudge(self, up: bool) -> None:
        row = self.chosen
        if row is None or row.heading:
            return
        try:
            self.post_message(self.ChangeWanted(row, nudged(row, up)))
        except ValueError:
            self.post_message(self.TypingWanted(row))

    def action_type_value(self) -> None:
        if self.chosen is not None and not self.chosen.heading:
            self.post_message(self.TypingWanted(self.chosen))

    def on_click(self, event: events.Click) -> None:
        row = self.top + event.y
        if 0 <= row < len(self.rows) and not self.rows[row].heading:
            again = row == self.cursor and self.has_focus
            self.cursor = row
            self.focus()
            if event.x >= self.size.width - 3:
                self.action_nudge(event.x == self.size.width - 3)
            elif again:
                self.action_type_value()
        self.repaint()

    def on_mouse_scroll_down(self) -> None:
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-3)
