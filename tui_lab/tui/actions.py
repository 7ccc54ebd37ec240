"""Every action of the screens, once: key bindings, footer, help, command palette and docs/keys.md are made from
this table."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

SIGNS = {
    "question_mark": "?", "less_than_sign": "<", "greater_than_sign": ">", "plus": "+", "minus": "−",
    "left_square_bracket": "[", "right_square_bracket": "]", "left_parenthesis": "(", "right_parenthesis": ")",
    "comma": ",", "full_stop": ".", "left": "←", "right": "→", "up": "↑", "down": "↓", "escape": "esc", "enter": "⏎",
    "ctrl+p": "^p", "ctrl+q": "^q", "ctrl+z": "^z", "colon": ":", "pageup": "pgup", "pagedown": "pgdn",
}  # fmt: skip


@dataclass(frozen=True)
class Action:
    """Something that a key does: `call` is what Textual runs, `keys` are its names for keys, separated by commas."""

    call: str
    keys: str
    title: str  # in the footer, the help and the palette
    about: str = ""  # a sentence for the palette and the documentation
    footer: bool = False
    palette: bool = True  # not for keys that move something
    priority: bool = False  # before whatever is focused

    @property
    def key(self) -> str:
        """The first of its keys as it is written."""
        first = self.keys.split(",")[0]
        return SIGNS.get(first, first)

    @property
    def binding(self) -> Binding:
        return Binding(self.keys, self.call, self.title, self.footer, self.key, self.priority, self.about)


Group = tuple[Action, ...]

TRAINING: Group = (
    Action("play", "space", "train/pause", "train, or pause after the current step", footer=True),
    Action("steps(1)", "s", "step", "train one step, then pause", footer=True),
    Action("steps(0)", "S", "epoch", "train one epoch, then pause"),
    Action("edit", "e", "edit", "change a hyperparameter; many change while the network learns", footer=True),
    Action("undo", "u", "undo", "undo the last edit", footer=True),
    Action("restart(False)", "r", "restart", "start over with the same seed"),
    Action("restart(True)", "R", "restart, new seed", "start over with a new seed"),
    Action("save", "c", "checkpoint", "write a checkpoint now"),
    Action("pace(False)", "less_than_sign", "slower", "train fewer steps a second; the result is the same"),
    Action("pace(True)", "greater_than_sign", "faster", "train more steps a second"),
    Action("full_speed", "f", "full speed", "train at full speed, and back to the chosen pace", footer=True),
)
CURVES: Group = (
    Action("log_scale", "l", "log scale", "logarithmic scale for all charts, or back to automatic"),
    Action("smooth(0.1)", "plus,equals_sign", "smooth more", "average the curves over more steps"),
    Action("smooth(-0.1)", "minus", "smooth less", "average the curves over fewer steps"),
    Action("zoom(0.5)", "left_square_bracket", "zoom in", "show fewer of the last steps"),
    Action("zoom(2.0)", "right_square_bracket", "zoom out", "show more of the last steps"),
    Action("scroll_history(-0.25)", "comma", "earlier steps", "move a zoomed window back"),
    Action("scroll_history(0.25)", "full_stop", "later steps", "move a zoomed window forward"),
    Action("cursor", "x", "cursor", "a line that reads the values of every chart"),
    Action("move_cursor(-1)", "left", "cursor left", palette=False),
    Action("move_cursor(1)", "right", "cursor right", palette=False),
)
LOOKING: Group = (
    Action("maximize", "m", "maximize", "show the focused panel alone, and back", footer=True),
    Action("next_view", "o", "next view", "the next view of the panel, or the next charts"),
    Action("next_example", "n", "next example", "another example, target, text or attention head"),
    Action("prompt", "i", "prompt", "enter a text to continue, to answer or to analyze"),
    Action("temper(0.8)", "left_parenthesis", "lower temperature", "more predictable text"),
    Action("temper(1.25)", "right_parenthesis", "higher temperature", "more surprising text"),
    Action("write", "w", "write", "write the screen and its chart as SVG and as text"),
    Action("leave", "escape", "back", "leave a maximized panel, the cursor or the form", palette=False),
)
PROGRAM: Group = (
    Action("presets", "p", "presets", "save, and go back to the list of presets"),
    Action("quit", "q", "quit", "save, and leave", footer=True),
)
APP: Group = (
    Action("toggle_theme", "t", "dark/light", "the other theme"),
    Action("help", "question_mark", "help", "what the focused panel shows, and every key", footer=True),
    Action("command_palette", "ctrl+p", "palette", "search every command", palette=False),
    Action("pause_instead", "ctrl+z", "pause", "never freezes the process", palette=False, priority=True),
)
PRESETS: Group = (
    Action("open(False)", "enter", "open", "open the selected entry", footer=True, priority=True),
    Action("open(True)", "space", "open and train", "open it and train at once", footer=True, priority=True),
    Action("clear", "escape", "clear the filter"),
    Action("app.quit", "ctrl+q,ctrl+c", "quit", "leave", footer=True),
)
FORM: Group = (
    Action("move(-1)", "up,k", "field above", palette=False),
    Action("move(1)", "down,j", "field below", palette=False),
    Action("nudge(False)", "left", "less", palette=False, footer=True),
    Action("nudge(True)", "right", "more", palette=False, footer=True),
    Action("type_value", "enter", "type a value", palette=False, footer=True),
    Action("move(-10)", "pageup", "a page up", palette=False),
    Action("move(10)", "pagedown", "a page down", palette=False),
)
LAYERS: Group = (
    Action("move(-1)", "up,k", "layer above", palette=False, footer=True),
    Action("move(1)", "down,j", "layer below", palette=False, footer=True),
)
PANEL: Group = (
    Action("move(0,-1)", "left", "head before", palette=False),
    Action("move(0,1)", "right", "head after", palette=False),
    Action("move(-1,0)", "up", "layer before", palette=False),
    Action("move(1,0)", "down", "layer after", palette=False),
)


def tab_actions(titles: Iterable[str]) -> Group:
    """A digit for each tab of the lab."""
    return tuple(
        Action(f"view({i})", str(i + 1), title, f"show the tab {title}") for i, title in enumerate(titles)
    )


def bindings(*groups: Group) -> list[BindingType]:
    """What Textual wants for the keys of a screen or a widget."""
    return [action.binding for group in groups for action in group]


def lab_groups(tabs: Iterable[str]) -> dict[str, Group]:
    """The actions of the lab by heading, as the help and the documentation show them."""
    return {
        "Training": TRAINING,
        "Curves": CURVES,
        "Tabs": tab_actions(tabs),
        "Panels": LOOKING,
        "Program": (*PROGRAM, *APP),
    }


def every_action() -> list[Action]:
    """The actions of all screens and widgets, the digits of the tabs left out."""
    groups = (TRAINING, CURVES, LOOKING, PROGRAM, APP, PRESETS, FORM, LAYERS, PANEL)
    return [action for group in groups for action in group]


def keys_table(tabs: Iterable[str]) -> str:
    """The table of docs/keys.md, as Markdown."""
    lines = ["| key | | |", "|---|---|---|"]
    for group in lab_groups(tabs).values():
        for action in group:
            key = action.key.replace("[", r"\[").replace("]", r"\]")
            lines.append(f"| {key} | {action.title} | {action.about} |")
    return "\n".join(lines)
