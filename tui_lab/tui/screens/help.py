"""Help for the focused panel, and every key."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

KEYS = """\
[b]Training[/b]
 space  train, pause              s S  one step, one epoch
 < >    slower, faster            f    full speed, and back
 r R    restart, same, new seed   c    checkpoint now
 e      edit a hyperparameter     u    undo the last edit
 ← →    nudge the chosen field    q    quit; all is saved

[b]Looking[/b]
 1 – 7  views                     tab  next panel
 m      maximize it, esc back     o n  next picture, example
 l      log scale                 + −  smoothing
 [ ]    zoom in, out              , .  scroll through history
 x      cursor; ← → move it       w    write chart and screen
 i ( )  prompt, temperature       t    dark, light
 p      back to the presets       ^p   every command"""


class HelpScreen(ModalScreen[None]):
    """What the focused panel is, then the keys."""

    BINDINGS = [Binding("escape,q,question_mark,space,enter", "dismiss", "close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen VerticalScroll {
        width: 72; max-width: 98%; height: auto; max-height: 90%;
        background: $surface; border: round $primary; padding: 1 2;
    }
    HelpScreen Static { height: auto; margin-bottom: 1; }
    """

    def __init__(self, screen: Screen, focused: Widget | None) -> None:
        super().__init__()
        self.about = getattr(focused, "help_text", "") or getattr(screen, "help_text", "")

    def compose(self) -> ComposeResult:
        with VerticalScroll() as scroll:
            scroll.border_title = "help"
            if self.about:
                yield Static(self.about, markup=False)
            yield Static(KEYS.replace("[ ]", r"\[ ]"))
