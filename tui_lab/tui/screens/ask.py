"""Small questions: a value for a field, yes or no; and what went wrong."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.errors import escaped
from tui_lab.tui.form import Row


class AskText(ModalScreen[str | None]):
    """Asks for a text; gives it, or None."""

    BINDINGS = [Binding("escape", "dismiss(None)", "leave it")]
    DEFAULT_CSS = """
    AskText { align: center middle; background: $background 60%; }
    AskText Vertical {
        width: 64; max-width: 96%; height: auto;
        background: $surface; border: round $accent; padding: 0 2;
    }
    AskText Input, AskText Input:focus { border: none; height: 1; padding: 0; background: $boost; }
    AskText Static { height: auto; color: $foreground 70%; }
    """

    def __init__(self, question: str, value: str = "", title: str = "") -> None:
        super().__init__()
        self.question, self.value, self.title_text = question, value, title

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self.title_text
            yield Static(escaped(self.question), markup=False)
            yield Input(value=self.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class AskValue(AskText):
    """Asks for a field's value; gives the text, or None."""

    def __init__(self, row: Row) -> None:
        value = row.text if row.text != "–" else ""
        if not isinstance(row.value, list):
            value = value.replace(",", "")  # between thousands
        super().__init__(describe(row), value, row.path)


class Confirm(ModalScreen[bool]):
    """Asks a question with yes and no."""

    BINDINGS = [
        Binding("y,enter", "dismiss(True)", "yes"),
        Binding("n,escape,q", "dismiss(False)", "no"),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%; }
    Confirm Vertical {
        width: 64; max-width: 96%; height: auto;
        background: $surface; border: round $warning; padding: 0 2;
    }
    Confirm Static { height: auto; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(escaped(self.question), markup=False)
            yield Static("y yes · n no")


class Trouble(ModalScreen[None]):
    """Says what went wrong and what can be done, whole."""

    BINDINGS = [Binding("escape,enter,space,q", "dismiss", "close")]
    DEFAULT_CSS = """
    Trouble { align: center middle; background: $background 60%; }
    Trouble Vertical {
        width: 72; max-width: 96%; height: auto; max-height: 90%;
        background: $surface; border: round $error; padding: 0 2;
    }
    Trouble Static { height: auto; margin-bottom: 1; }
    Trouble #ways { color: $foreground 70%; margin: 0; }
    """

    def __init__(self, title: str, message: str, ways: str) -> None:
        super().__init__()
        self.title_text, self.message, self.ways = title, message, ways

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self.title_text
            yield Static("\n".join(map(escaped, self.message.split("\n"))), markup=False)
            yield Static(self.ways, markup=False, id="ways")


def describe(row: Row) -> str:
    """What may be typed for a field."""
    parts = [row.field.help] if row.field is not None and row.field.help else []
    if row.choices:
        parts.append("one of " + ", ".join(row.choices))
    elif row.field is not None:
        low, high = row.field.minimum, row.field.maximum
        if low is not None or high is not None:
            parts.append(f"from {low if low is not None else '−∞'} to {high if high is not None else '∞'}")
    if row.field is not None and row.field.unit:
        parts.append(row.field.unit)
    if not row.live:
        parts.append("needs a restart, with the same seed")
    return "; ".join(parts)
