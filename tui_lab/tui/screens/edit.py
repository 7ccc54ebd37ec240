"""The form over everything else, where there is no room for it beside the charts."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_lab.session.base import Session
from tui_lab.tui.widgets.hyper import HyperForm


class EditScreen(ModalScreen[None]):
    """All hyperparameters, in a window of their own."""

    BINDINGS = [
        Binding("escape,e,q", "dismiss", "close"),
    ]
    DEFAULT_CSS = """
    EditScreen { align: center middle; background: $background 40%; }
    EditScreen Vertical {
        width: 56; max-width: 98%; height: 90%;
        background: $surface; border: round $accent;
    }
    EditScreen HyperForm { height: 1fr; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "hyperparameters"
            box.border_subtitle = "↑↓ choose · ←→ nudge · enter type · esc close"
            yield HyperForm()

    def on_mount(self) -> None:
        self.query_one(HyperForm).focus()
        self.set_interval(0.1, self.tick)
        self.tick()

    def tick(self) -> None:
        for form in self.query(HyperForm):
            if form.snapshot is None or form.snapshot.version != self.session.latest.version:
                form.show(self.session.latest)

    @on(HyperForm.ChangeWanted)
    def change(self, event: HyperForm.ChangeWanted) -> None:
        self.lab.change_field(event.row, event.value)

    @on(HyperForm.TypingWanted)
    def ask(self, event: HyperForm.TypingWanted) -> None:
        self.lab.ask_value(event)

    @property
    def lab(self):
        """The lab's screen below."""
        return self.app.screen_stack[-2] if self.app.screen is self else self.app.screen_stack[-3]
