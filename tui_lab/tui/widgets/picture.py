"""Picture: one of the run's sights, with what may be chosen about it."""

from textual import events
from textual.binding import Binding
from textual.message import Message

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.numbers import number
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets import sights
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.sights.attention import bounded, head_at
from tui_lab.tui.widgets.sights.choice import Choice

ATTENTION = "attention"


class Picture(CanvasWidget, can_focus=True):
    """One of the run's sights, with the headline metric above it."""

    BINDINGS = [
        Binding("left", "move(0,-1)", "head", show=False),
        Binding("right", "move(0,1)", "head", show=False),
        Binding("up", "move(-1,0)", "layer", show=False),
        Binding("down", "move(1,0)", "layer", show=False),
    ]

    class NextWanted(Message):
        """A click on the title: the next sight."""

        def __init__(self, picture: "Picture") -> None:
            super().__init__()
            self.picture = picture

    def __init__(self, first: int = 0, metric: bool = True, hints: bool = False, **options) -> None:
        super().__init__(**options)
        self.page = first  # which of the run's sights
        self.choice = Choice()
        self.metric, self.hints = metric, hints

    @property
    def help_text(self) -> str:
        """What each of the run's sights shows, and the keys."""
        names = self.snapshot.sights if self.snapshot is not None else ()
        kinds = dict.fromkeys(sights.kind_of(name) for name in names)
        words = [f"{kind.title.capitalize()}: {kind.about}" for kind in kinds]
        keys = [
            "o        the next picture; a click on its title, too",
            "n        the next example, target, text or head",
            "i        a prompt: what to go on from, to answer, or to look over",
            "( )      a lower, a higher temperature of the text",
            "← → ↑ ↓  head and layer of the attention",
        ]
        return "\n\n".join(["What the network sees and says.", *words, "\n".join(keys)])

    def name_of(self, snapshot: Snapshot) -> str:
        """The sight that is shown here; empty where the run has fewer."""
        names = snapshot.sights
        return names[self.page] if self.page < len(names) else ""

    def next(self, snapshot: Snapshot, other: "Picture") -> None:
        """The next of the run's sights; not that of the other panel, unless there are but two: then they swap."""
        count = len(snapshot.sights)
        if count == 2:
            self.page, other.page = other.page, self.page
        if count <= 2:
            return
        self.page = (self.page + 1) % count
        if self.page == other.page:
            self.page = (self.page + 1) % count

    # -- choosing -------------------------------------------------------------------------------------------

    @property
    def has_heads(self) -> bool:
        return self.snapshot is not None and self.name_of(self.snapshot) == ATTENTION

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_heads if action == "move" else True

    def action_move(self, layers: int, heads: int) -> None:
        """Another layer, another head."""
        seen = self.snapshot.seen.get(ATTENTION) if self.snapshot is not None else None
        if seen is not None and seen.layers:
            layer, head = bounded(seen, self.choice)
            self.choice = Choice(layer + layers, head + heads)
            self.repaint()

    def next_head(self) -> None:
        """The head after the present one, through all layers."""
        seen = self.snapshot.seen.get(ATTENTION) if self.snapshot is not None else None
        if seen is not None and seen.layers:
            layer, head = bounded(seen, self.choice)
            last = head + 1 == len(seen.layers[layer][1])
            self.choice = Choice(layer + 1, 0) if last else Choice(layer, head + 1)
            self.repaint()

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self.post_message(self.NextWanted(self))
        elif self.has_heads and self.snapshot is not None and ATTENTION in self.snapshot.seen:
            size = self.size
            seen = self.snapshot.seen[ATTENTION]
            chosen = head_at(seen, size.height - 1, size.width, event.y - 1, event.x)
            if chosen is not None:
                self.choice = Choice(*chosen)
                self.repaint()

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    # -- painting -------------------------------------------------------------------------------------------

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        name = self.name_of(s)
        if not name and self.page:
            return canvas
        self.paint_title(canvas, s, name)
        body = sights.draw(name, s.seen.get(name), height - 1, width, style, self.choice)
        if body is not None:
            canvas.paste(body, 1, 0)
        elif height > 2:
            waiting = "press space to train" if s.step == 0 else "looking …"
            canvas.put(height // 2, max(0, (width - len(waiting)) // 2), waiting, fg=style.palette.muted)
        return canvas

    def paint_title(self, canvas: Canvas, s: Snapshot, name: str) -> None:
        """The title; the keys that do something here, as far as there is room; the headline metric."""
        palette, kind = self.chart_style.palette, sights.kind_of(name)
        focused = self.has_focus and self.hints
        canvas.put(0, 0, kind.title, fg=palette.text if focused else palette.muted, attributes=BOLD)
        room = canvas.width - len(kind.title) - 2
        hints = [f"o next {self.page + 1}/{len(s.sights)}"] if len(s.sights) > 1 else []
        least = (
            len(hints[0]) + 2 if hints and self.hints else 0
        )  # how pages are turned goes before the metric
        value = s.log.get(s.metric)
        if self.metric and value is not None and canvas.width > 36:
            text = f"{s.metric} {number(value).strip()} val"
            if len(text) + least <= room:
                canvas.put(0, canvas.width - len(text), text, fg=palette.validation)
                room -= len(text) + 2
        hints += kind.keys if self.hints else ()
        while hints and len(" · ".join(hints)) > room:
            hints.pop()
        canvas.put(0, len(kind.title) + 2, " · ".join(hints), fg=palette.muted if focused else palette.faint)
