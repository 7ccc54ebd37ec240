"""The lab's screen: shows the session's snapshots and sends what keys ask for."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Footer, Static

from engine.probes import Wish
from tui_lab.charts.svg import svg
from tui_lab.session import base
from tui_lab.session.base import Look, Session, Snapshot
from tui_lab.tui.picture_of import canvas_of
from tui_lab.tui.screens.ask import AskText, Trouble
from tui_lab.tui.screens.controls import Controls
from tui_lab.tui.screens.curve_keys import CurveKeys
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.curve_grid import CurveGrid
from tui_lab.tui.widgets.curves import CurveChart, View
from tui_lab.tui.widgets.data import DataPanel
from tui_lab.tui.widgets.health import HealthLine
from tui_lab.tui.widgets.histograms import GradientFlow, Histogram
from tui_lab.tui.widgets.hyper import HyperForm
from tui_lab.tui.widgets.layers import LayersTable
from tui_lab.tui.widgets.network import NetworkView
from tui_lab.tui.widgets.picture import Picture
from tui_lab.tui.widgets.preview import Samples
from tui_lab.tui.widgets.status import StatusLine
from tui_lab.tui.widgets.tabs import ViewTabs
from tui_lab.tui.widgets.texts import EventsList, Readings

VIEWS = ("Overview", "Curves", "Layers", "Output", "Network", "Data", "Events")
IDS = tuple(view.lower() for view in VIEWS)
SMALLEST = (60, 16)
WAYS_ON = (
    "u or e changes what made it diverge, then space goes on from the last good checkpoint · r restarts · "
    "esc closes this"
)
SOON = (0.02, 0.06)  # seconds after a key at which the answer is looked for


class LabScreen(Controls, CurveKeys):
    """A run, live."""

    CSS_PATH = "lab.tcss"
    ALLOW_IN_MAXIMIZED_VIEW = "StatusLine, HealthLine, Footer"
    AUTO_FOCUS = ""  # an arrow key must not change a hyperparameter that nobody chose
    BINDINGS: ClassVar = [
        *(Binding(str(i + 1), f"view({i})", name, show=False) for i, name in enumerate(VIEWS)),
        Binding("m", "maximize", "maximize"),
        Binding("escape", "leave", show=False),
        Binding("o", "next_picture", "next picture", show=False),
        Binding("n", "next_example", "next example", show=False),
        Binding("i", "prompt", "prompt", show=False),
        Binding("left_parenthesis", "temper(0.8)", "cooler", show=False),
        Binding("right_parenthesis", "temper(1.25)", "warmer", show=False),
        Binding("w", "write", "write", show=False),
        Binding("p", "presets", "presets", show=False),
        Binding("q", "quit", "quit"),
    ]
    help_text = (
        "The lab: a network that learns, and everything you may want to see of it. Press space to train, e to "
        "change a hyperparameter while it learns, 1 to 7 for other views."
    )

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.look_at = View()
        self.shown_version = self.shown_notice = 0
        self.shown_pace = 0.0
        self.told = ""  # the trouble that was last told
        self.chosen_layer = ""
        self.prompt, self.temperature, self.example = "", 0.8, 0  # of what the network writes and looks at

    # -- what is on it ------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        view = self.look_at
        yield StatusLine()
        yield ViewTabs(VIEWS)
        yield Static(id="toosmall")
        with ContentSwitcher(initial="overview"):
            with Horizontal(id="overview", classes="view"):
                yield HyperForm(id="form")
                with Vertical(classes="column"):
                    yield Readings()
                    yield CurveChart(("train_loss", "val_loss"), "LOSS", view, id="loss-chart")
                    yield CurveChart(("metric",), "METRIC", view, id="metric-chart")
                    yield CurveChart(("gradient_norm",), "GRADIENT NORM", view, id="norm-chart")
                with Vertical(classes="column"):
                    yield Picture(id="picture")
                    yield LayersTable(brief=True)
            yield CurveGrid(view, id="curves", classes="view")
            with Vertical(id="layers", classes="view"):
                yield LayersTable(id="layers-table")
                with Horizontal(id="histograms"):
                    for name in ("weights", "gradients", "activations"):
                        yield Histogram(name)
                    yield GradientFlow()
            with Horizontal(id="output", classes="view"):
                yield Picture(hints=True, id="output-picture")
                yield Picture(first=1, metric=False, hints=True, id="output-second")
            with Vertical(id="network", classes="view"):
                yield NetworkView()
            with Horizontal(id="data", classes="view"):
                yield DataPanel()
                yield Samples()
            with Vertical(id="events", classes="view"):
                yield EventsList()
        yield HealthLine()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#toosmall", Static).update(
            f"tui-lab needs {SMALLEST[0]} × {SMALLEST[1]} cells;\nmake the window larger,\n"
            "or train without a screen:\ntui-lab train"
        )
        self.set_interval(1 / self.app.fps, self.tick)  # type: ignore[attr-defined]
        self.say_what_is_seen()
        self.hint_once()
        self.tick()

    @property
    def view_id(self) -> str:
        return self.query_one(ContentSwitcher).current or "overview"

    def hint_once(self) -> None:
        """The first time ever, say the three keys that matter."""
        from tui_lab.tui.welcome import first_time

        if first_time():
            self.notify(
                "space trains · e changes a hyperparameter · ? tells every key", title="welcome", timeout=12
            )

    # -- snapshots ----------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Show the newest snapshot, if there is a newer one."""
        snapshot = self.session.latest
        if snapshot.version == self.shown_version or (
            self.app.screen is not self and self.app.screen.is_modal is False
        ):
            return
        self.shown_version = snapshot.version
        if snapshot.pace != self.shown_pace:
            self.shown_pace = snapshot.pace
            self.refresh_bindings()
        if snapshot.notice[0] > self.shown_notice:
            self.shown_notice = snapshot.notice[0]
            self.notify(snapshot.notice[1], timeout=4, markup=False)
        self.show(snapshot)
        self.tell_trouble(snapshot)

    def tell_trouble(self, snapshot: Snapshot) -> None:
        """A failure, or a run that diverged: said once, whole, with the ways out of it."""
        if snapshot.phase == base.FAILED:
            trouble = ("this cannot be trained", snapshot.message, "p presets · q quit")
        elif snapshot.phase == base.ENDED and snapshot.end and snapshot.end["reason"] == "diverged":
            trouble = ("the training diverged", snapshot.end["message"], WAYS_ON)
        else:
            self.told = ""
            return
        if trouble[1] != self.told:
            self.told = trouble[1]
            self.app.push_screen(Trouble(*trouble))

    def show(self, snapshot: Snapshot) -> None:
        for chart in self.query("CurveChart").results(CurveChart):
            chart.name_curves(snapshot)
        if self.view_id == "curves":
            self.query_one(CurveGrid).follow(snapshot)
        with self.app.batch_update():
            for widget in self.visible_widgets():
                widget.show(snapshot)

    def visible_widgets(self) -> list[CanvasWidget]:
        shown = self.query_one(f"#{self.view_id}")
        fixed = [self.query_one(StatusLine), self.query_one(HealthLine), self.query_one(ViewTabs)]
        return [*fixed, *(w for w in shown.query(CanvasWidget).results(CanvasWidget) if w.display)]

    def say_what_is_seen(self) -> None:
        """Tell the session what to put into snapshots: only what is on the screen is computed."""
        view, sparing = self.view_id, self.app.low_bandwidth  # type: ignore[attr-defined]
        sights: tuple[str, ...] = ()
        if view == "overview" and not sparing:
            sights = ("first",)
        elif view == "output":
            shown = self.query("#output Picture").results(Picture)
            sights = tuple(picture.name_of(self.session.latest) or "first" for picture in shown)
        rows = max(8, min(64, self.size.height * (2 if view == "output" else 1)))
        wish = Wish(rows, max(16, min(96, self.size.width // 2)), self.prompt, self.temperature, self.example)
        first, last = self.look_at.window(self.session.latest)
        self.session.look(
            Look(
                first=first,
                last=last,
                layers=view in ("overview", "layers"),
                layer=self.chosen_layer if view == "layers" else "",
                sights=sights,
                wish=wish,
                weights=view == "network",
                seconds=2.0 if sparing else 0.5 if view != "overview" else 0.7 if self.shown_pace else 1.0,
            )
        )

    def soon(self) -> None:
        """Look for the answer to a key before the next tick."""
        for seconds in SOON:
            self.set_timer(seconds, self.tick)

    def refresh_view(self) -> None:
        """Show at once what a key changed."""
        self.say_what_is_seen()
        for chart in self.query(CurveChart).results(CurveChart):
            chart.painted = 0.0
        self.show(self.session.latest)
        self.soon()

    def on_resize(self) -> None:
        if self.is_mounted:
            self.call_after_refresh(self.refresh_view)

    def on_screen_resume(self) -> None:
        self.shown_version = 0
        self.soon()

    # -- looking ------------------------------------------------------------------------------------------

    def action_view(self, index: int) -> None:
        if self.maximized:
            self.minimize()
        self.query_one(ContentSwitcher).current = IDS[index]
        self.query_one(ViewTabs).choose(index)
        table = self.query_one("#layers-table", LayersTable)
        if IDS[index] == "layers":
            if not self.chosen_layer:
                self.chosen_layer = next(
                    (name for name, kind, *_ in self.session.latest.blocks if kind != "flatten"), ""
                )
            table.focus()
        elif IDS[index] == "output":
            self.query_one("#output-picture").focus()
        else:
            self.set_focus(None)
        self.call_after_refresh(self.refresh_view)

    @on(ViewTabs.Chosen)
    def view_clicked(self, event: ViewTabs.Chosen) -> None:
        self.action_view(event.index)

    @on(LayersTable.Chosen)
    def layer_chosen(self, event: LayersTable.Chosen) -> None:
        self.chosen_layer = event.name
        self.refresh_view()

    def action_maximize(self) -> None:
        if self.maximized:
            self.minimize()
        else:
            widgets = [w for w in self.visible_widgets() if isinstance(w, CurveChart | Picture)]
            chosen = self.focused if isinstance(self.focused, CanvasWidget) else None
            if chosen or widgets:
                self.maximize(chosen or widgets[0])
        self.call_after_refresh(self.refresh_view)

    def action_next_picture(self) -> None:
        """The next sight, in the focused panel or the left one; the next curves; else the Output view."""
        if self.view_id == "curves":
            self.query_one(CurveGrid).turn(1)
            self.call_after_refresh(self.refresh_view)
            return
        if self.view_id != "output":
            self.action_view(IDS.index("output"))
            return
        pictures = list(self.query("#output Picture").results(Picture))
        chosen = next((p for p in pictures if p.has_focus), pictures[0])
        self.turn(chosen)

    def turn(self, picture: Picture) -> None:
        """Show the next sight in a panel of the Output view."""
        other = next(p for p in self.query("#output Picture").results(Picture) if p is not picture)
        picture.next(self.session.latest, other)
        self.refresh_view()

    @on(Picture.NextWanted)
    def picture_clicked(self, event: Picture.NextWanted) -> None:
        if self.view_id == "output":
            self.turn(event.picture)
        else:
            self.action_view(IDS.index("output"))

    def action_next_example(self) -> None:
        """Another example, text or target; of attention another head."""
        shown = list(self.query("#output Picture").results(Picture)) if self.view_id == "output" else []
        chosen = next((p for p in shown if p.has_focus), next(iter(shown), None))
        if chosen is not None and chosen.has_heads:
            chosen.next_head()
            return
        self.example += 1
        self.refresh_view()

    def action_prompt(self) -> None:
        """Ask what the network should go on from."""

        def answered(text: str | None) -> None:
            if text is not None:
                self.prompt = text.replace("\\n", "\n")
                self.refresh_view()

        self.app.push_screen(
            AskText("What should it go on from, answer, or look over?", self.prompt), answered
        )

    def action_temper(self, factor: float) -> None:
        """Bolder or wilder text."""
        self.temperature = min(max(round(self.temperature * factor, 2), 0.1), 5.0)
        self.notify(f"temperature {self.temperature:g}", timeout=2)
        self.refresh_view()

    def action_leave(self) -> None:
        """Escape goes one step back: from a maximized panel, a cursor, the form."""
        if self.maximized:
            self.minimize()
        elif self.look_at.cursor is not None:
            self.look_at.cursor = None
        else:
            self.set_focus(None)
        self.call_after_refresh(self.refresh_view)

    def action_write(self) -> None:
        """Write the screen, and the chart that is looked at, as SVG and as text."""
        stem = f"{self.session.latest.name}-{self.view_id}-{self.session.latest.step}"
        chart = next((w for w in self.visible_widgets() if w in (self.maximized, self.focused)), None)
        canvases = {stem: canvas_of(self)}
        if chart is not None and chart.canvas is not None:
            canvases[f"{stem}-chart"] = chart.canvas
        palette = self.app.chart_style.palette  # type: ignore[attr-defined]
        files = {f"{name}.svg": svg(canvas, palette) for name, canvas in canvases.items()}
        files |= {f"{name}.txt": canvas.to_text() + "\n" for name, canvas in canvases.items()}
        try:
            for name, content in files.items():
                Path(name).write_text(content, encoding="utf-8")
        except OSError as error:
            self.notify(f"cannot write: {error}", severity="error", markup=False)
            return
        hint = "" if chart is not None else "\ntab or m chooses a chart to write by itself"
        self.notify(f"{', '.join(files)}{hint}", title="written", markup=False)

    # -- leaving ------------------------------------------------------------------------------------------

    def action_presets(self) -> None:
        self.session.close()
        self.app.session = None  # type: ignore[attr-defined]
        self.dismiss()

    def action_quit(self) -> None:
        self.session.close()
        self.app.exit(self.session.exit_code)
