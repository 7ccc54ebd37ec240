"""The list of presets, files and past runs; beside it what the chosen one is about."""

from pathlib import Path
from typing import Any

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

import presets
from engine.errors import escaped
from tui_lab.charts.text import shorten
from tui_lab.tui.actions import APP, PRESETS, bindings
from tui_lab.tui.host import LabHost
from tui_lab.tui.widgets.preview import Preview, drawn

PRESET, FILE, RUN = "preset", "file", "run"
LIST_WIDTH = 44  # cells, as the style sheet has it
RESTED = 0.15  # seconds that a line must be chosen before its data are prepared: not while arrows are held


class PresetsScreen(Screen):
    """Choose what to train: type to filter, enter opens, space opens and trains."""

    CSS_PATH = "presets.tcss"
    BINDINGS = bindings(PRESETS)
    actions = {"Keys": (*PRESETS, *APP)}
    app = getters.app(LabHost)
    help_text = "Ready experiments by topic, your own .toml and .csv files, and past runs. Type to filter."

    def __init__(self) -> None:
        super().__init__()
        self.filter = ""
        self.items: list[tuple[str, str, str, str]] = []  # kind, name, heading, title
        self.told: dict[str, dict[str, Any]] = {}  # what presets are about, once it was prepared
        self.resting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal():
            yield OptionList(id="list")
            with VerticalScroll(id="about", can_focus=False):
                yield Static(id="title")
                yield Static(id="story")
                yield Preview(id="preview")
                yield Static(id="layers", markup=False)
                yield Static(id="tries", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.list_items()
        self.fill()
        self.query_one(OptionList).focus()

    def on_screen_resume(self) -> None:
        self.list_items()
        self.fill()

    def list_items(self) -> None:
        self.items = [(PRESET, n, presets.topic(n), presets.load(n)["title"]) for n in presets.names()]
        self.items += [(FILE, str(p), "files here", "") for p in presets.data_files(Path())]
        root = self.app.root
        found = (
            sorted(root.glob("*/experiment.toml"), key=lambda p: -p.stat().st_mtime) if root.is_dir() else []
        )
        self.items += [(RUN, p.parent.name, "past runs", "") for p in found[:50]]

    def fill(self) -> None:
        options, held = self.query_one(OptionList), self.chosen
        options.clear_options()
        heading = ""
        for i, (_, name, topic, title) in enumerate(self.items):
            if self.filter.lower() not in f"{name} {topic} {title}".lower():
                continue
            if topic != heading:
                options.add_option(Option(Content.styled(topic, "dim"), disabled=True))
                heading = topic
            room = LIST_WIDTH - len(name) - 7  # of a line: what is longer would wrap
            words = shorten(title, room) if self.app.size.width >= 100 and room > 8 else ""
            options.add_option(
                Option(Content.assemble(f"  {escaped(name)}  ", (escaped(words), "dim")), id=str(i))
            )
        typed = (self.filter, "") if self.filter else ("type to filter", "dim")
        head = Content.assemble(("tui-lab", "bold"), "  a training lab in the terminal      ", typed)
        self.query_one("#head", Static).update(head)
        there = [i for i in range(options.option_count) if not options.get_option_at_index(i).disabled]
        before = [i for i in there if self.item_at(i) == held]
        first = next(iter([*before, *there]), None)
        options.highlighted = first
        if first is None:
            self.query_one("#title", Static).update("nothing by that name")

    def on_key(self, event: events.Key) -> None:
        if event.key == "backspace":
            self.filter = self.filter[:-1]
        elif event.character and event.character.isprintable() and event.character not in " ?":
            self.filter += event.character
        else:
            return
        event.stop()
        event.prevent_default()
        self.fill()

    def action_clear(self) -> None:
        self.filter = ""
        self.fill()

    # -- what the chosen one is about ---------------------------------------------------------------------

    @property
    def chosen(self) -> tuple[str, str] | None:
        """(kind, name) of the highlighted line."""
        highlighted = self.query_one(OptionList).highlighted
        return None if highlighted is None else self.item_at(highlighted)

    def item_at(self, index: int) -> tuple[str, str] | None:
        """(kind, name) of a line of the list; None for a heading."""
        option = self.query_one(OptionList).get_option_at_index(index)
        if option.id is None:
            return None
        kind, name, *_ = self.items[int(option.id)]
        return kind, name

    @on(OptionList.OptionHighlighted)
    def highlighted(self) -> None:
        """Say at once what is known, and the rest when the choice has come to rest."""
        if self.resting is not None:
            self.resting.stop()
        if self.chosen is None:
            return
        kind, name = self.chosen
        if kind == PRESET and name in self.told:
            self.show_about(kind, name, self.told[name])
            return
        self.show_about(kind, name, words_of(kind, name))
        self.resting = self.set_timer(RESTED, lambda: self.tell_about(kind, name))

    @work(thread=True, exclusive=True)
    def tell_about(self, kind: str, name: str) -> None:
        """Load the experiment and its data, away from the screen, and show what they are."""
        from engine.errors import LabError
        from tui_lab.tui.opening import about

        try:
            told = about(kind, name, self.app.root)
            if kind == PRESET:
                self.told[name] = told
        except LabError as error:
            told = words_of(kind, name) | {"story": str(error), "layers": ""}
        self.app.call_from_thread(self.show_about, kind, name, told)

    def show_about(self, kind: str, name: str, told: dict[str, Any]) -> None:
        if self.chosen != (kind, name):
            return
        self.query_one("#title", Static).update(Content.styled(escaped(told["title"]), "bold"))
        self.query_one("#story", Static).update(Content(shown(told["story"])))
        self.query_one("#layers", Static).update(shown(told["layers"]))
        self.query_one("#tries", Static).update(shown(told["tries"]))
        preview = self.query_one(Preview)
        preview.show(told["snapshot"])
        preview.display = told["snapshot"] is None or bool(drawn(told["snapshot"]))

    # -- opening ------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def selected(self) -> None:
        self.action_open(False)

    def action_open(self, play: bool) -> None:
        if self.chosen is None:
            return
        from engine.errors import LabError
        from tui_lab.tui.opening import opener

        kind, name = self.chosen
        try:
            app = self.app
            start = opener(kind, name, app.root, play=play, threads=app.threads, pace=app.pace)
        except LabError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.app.open(start)


def words_of(kind: str, name: str) -> dict[str, Any]:
    """What is known of a line without its data: of a preset its title, story and what to try."""
    tree = presets.load(name) if kind == PRESET else {}
    return {
        "title": tree.get("title", name),
        "story": " ".join(tree.get("story", "").split()),
        "layers": "preparing the data …",
        "tries": "\n".join(f"try  {line}" for line in tree.get("try", ())),
        "snapshot": None,
    }


def shown(text: str) -> str:
    """Lines of a text from a file, with all that a terminal would obey written out."""
    return "\n".join(map(escaped, text.split("\n")))
