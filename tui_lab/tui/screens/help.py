"""Help for the focused panel, and every key of the screen."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from tui_lab.charts.text import pad
from tui_lab.tui.actions import Group

KEY, TITLE, GAP = 6, 20, 2  # cells of a key, of its title, and before the next
FRAME = 8  # of the window around them


class HelpScreen(ModalScreen[None]):
    """What the focused panel is, then the keys."""

    BINDINGS = [Binding("escape,q,question_mark,space,enter", "dismiss", "close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen VerticalScroll {
        width: auto; max-width: 98%; height: auto; max-height: 90%;
        background: $surface; border: round $primary; padding: 1 2;
    }
    HelpScreen Static { height: auto; margin-bottom: 1; }
    """

    def __init__(self, screen: Screen, focused: Widget | None) -> None:
        super().__init__()
        self.about = getattr(focused, "help_text", "") or getattr(screen, "help_text", "")
        own: Group = getattr(focused, "actions", ())
        groups: Mapping[str, Group] = getattr(screen, "actions", {})
        self.groups = {"This panel": own, **groups} if own else groups

    def compose(self) -> ComposeResult:
        with VerticalScroll() as scroll:
            scroll.border_title = "help"
            scroll.border_subtitle = "↑ ↓ scroll · esc close"
            across = min(max((self.app.size.width - FRAME) // (KEY + TITLE + GAP), 1), 3)
            scroll.styles.width = across * (KEY + TITLE + GAP) + FRAME
            if self.about:
                yield Static(self.about, markup=False)
            for heading, group in self.groups.items():
                yield Static(Content.assemble((heading, "bold"), "\n", key_lines(group, across)))


def key_lines(group: Group, across: int) -> str:
    """Keys and what they do, in so many columns."""
    cells = [pad(action.key, KEY) + pad(action.title, TITLE) for action in group]
    down = -(-len(cells) // across)
    return "\n".join((" " * GAP).join(cells[row::down]).rstrip() for row in range(down))
