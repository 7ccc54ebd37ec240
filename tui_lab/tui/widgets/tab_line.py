"""The row of tabs."""

from textual import events
from textual.message import Message

from tui_lab.charts.canvas import BOLD, UNDERLINE, Canvas
from tui_lab.tui.widgets.cells import CanvasWidget


class TabLine(CanvasWidget):
    """Numbers and names of the tabs; the shown one stands out."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, names: tuple[str, ...], **options) -> None:
        super().__init__(**options)
        self.names, self.chosen = names, 0

    def choose(self, index: int) -> None:
        self.chosen = index
        self.repaint()

    def starts(self) -> list[int]:
        starts, column = [], 1
        for name in self.names:
            starts.append(column)
            column += len(name) + 4
        return starts

    def paint(self, height: int, width: int) -> Canvas:
        canvas, palette = Canvas.blank(height, width), self.chart_style.palette
        for i, (name, column) in enumerate(zip(self.names, self.starts(), strict=True)):
            shown = i == self.chosen
            canvas.put(0, column, str(i + 1), fg=palette.train if shown else palette.muted)
            attributes = BOLD | UNDERLINE if shown else 0
            canvas.put(
                0, column + 2, name, fg=palette.text if shown else palette.muted, attributes=attributes
            )
        return canvas

    def on_click(self, event: events.Click) -> None:
        index = sum(start <= event.x for start in self.starts()) - 1
        if index >= 0:
            self.post_message(self.Chosen(index))
