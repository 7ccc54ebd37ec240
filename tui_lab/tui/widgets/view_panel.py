"""ViewPanel: a panel that shows one of the run's views, with what may be chosen about it."""

from textual import events
from textual.message import Message

from engine.probes import Probe
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.text import cell_width
from tui_lab.numbers import number
from tui_lab.session.base import Snapshot
from tui_lab.tui.actions import PANEL, bindings
from tui_lab.tui.views import Choices, View, views_of
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.waiting import waiting_for

FEWEST, MOST = (8, 16), (64, 96)  # rows and columns of a grid that a probe is asked for
WITH_METRIC = 36  # columns from which the headline metric has room beside the title


class ViewPanel(CanvasWidget, can_focus=True):
    """One of the run's views, with the headline metric above it."""

    BINDINGS = bindings(PANEL)
    actions = PANEL

    class NextWanted(Message):
        """A click on the title: the next view."""

        def __init__(self, panel: "ViewPanel") -> None:
            super().__init__()
            self.panel = panel

    def __init__(self, first: int = 0, metric: bool = True, hints: bool = False, **options) -> None:
        super().__init__(**options)
        self.page = first  # which of the run's views
        self.choices = Choices()
        self.views: list[View] = []
        self.metric, self.hints = metric, hints

    @property
    def help_text(self) -> str:
        """What each of the run's views shows."""
        words = dict.fromkeys(f"{view.title.capitalize()}: {view.about}" for view in self.views)
        return "\n\n".join(["What the network sees and says; o shows the next view.", *words])

    @property
    def view(self) -> View | None:
        """The view that is shown here; None where the run has fewer."""
        return self.views[self.page] if self.page < len(self.views) else None

    def follow(self, snapshot: Snapshot) -> None:
        """Know the views of a run."""
        if tuple(view.probe for view in self.views) != snapshot.probes:
            self.views = views_of(snapshot.probes)

    def request(self) -> dict[str, Probe]:
        """The probe that this panel needs, by its view's name."""
        if self.view is None:
            return {}
        rows, columns = (
            min(max(least, n), most)
            for least, n, most in zip(
                FEWEST, (2 * (self.size.height - 1), self.size.width), MOST, strict=True
            )
        )
        return {self.view.name: self.view.request(self.choices, rows, columns)}

    def turn(self, other: "ViewPanel") -> None:
        """The next of the run's views; not that of the other panel, unless there are but two: then they swap."""
        count = len(self.views)
        if count == 2:
            self.page, other.page = other.page, self.page
        if count <= 2:
            return
        self.page = (self.page + 1) % count
        if self.page == other.page:
            self.page = (self.page + 1) % count

    # -- choosing within what is shown ------------------------------------------------------------------------

    @property
    def result(self) -> object | None:
        """What the session gave for this view."""
        return self.snapshot.views.get(self.view.name) if self.snapshot and self.view else None

    def choose(self, choices: Choices | None) -> bool:
        """Take over a choice within the result; says whether there was one."""
        if choices is not None:
            self.choices = choices
            self.repaint()
        return choices is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.view is not None and self.view.moves() if action == "move" else True

    def action_move(self, down: int, right: int) -> None:
        if self.view is not None and self.result is not None:
            self.choose(self.view.moved(self.result, self.choices, down, right))

    def choose_following(self) -> bool:
        """What `n` chooses within the result; says whether there was anything."""
        if self.view is None or self.result is None:
            return False
        return self.choose(self.view.following(self.result, self.choices))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self.post_message(self.NextWanted(self))
        elif self.view is not None and self.result is not None:
            size = self.size.height - 1, self.size.width
            self.choose(self.view.clicked(self.result, self.choices, *size, event.y - 1, event.x))

    # -- painting -------------------------------------------------------------------------------------------

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        self.follow(s)
        if self.view is None and s.probes:
            return canvas  # the run has fewer
        if self.view is not None:
            self.paint_title(canvas, s, self.view)
        if self.view is not None and self.result is not None and height > 1 and width > 0:
            body = self.view.paint(self.result, height - 1, width, style, self.choices)
            canvas.paste(body, 1, 0)
        elif height > 2:
            waiting = waiting_for(s)
            canvas.put(height // 2, max(0, (width - len(waiting)) // 2), waiting, fg=style.palette.muted)
        return canvas

    def paint_title(self, canvas: Canvas, s: Snapshot, view: View) -> None:
        """The title; the keys that do something here, as far as there is room; the headline metric."""
        palette = self.chart_style.palette
        focused = self.has_focus and self.hints
        canvas.put(0, 0, view.title, fg=palette.text if focused else palette.muted, attributes=BOLD)
        room = canvas.width - cell_width(view.title) - 2
        hints = [f"o next {self.page + 1}/{len(self.views)}"] if len(self.views) > 1 else []
        least = cell_width(hints[0]) + 2 if hints and self.hints else 0  # how to turn goes before the metric
        value = s.log.get(s.metric)
        if self.metric and value is not None and canvas.width > WITH_METRIC:
            text = f"{s.metric} {number(value).strip()} val"
            if cell_width(text) + least <= room:
                canvas.put(0, canvas.width - cell_width(text), text, fg=palette.validation)
                room -= cell_width(text) + 2
        hints += view.keys if self.hints else ()
        while hints and cell_width(" · ".join(hints)) > room:
            hints.pop()
        color = palette.muted if focused else palette.faint
        canvas.put(0, cell_width(view.title) + 2, " · ".join(hints), fg=color)
