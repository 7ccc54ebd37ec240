"""The lab's screen: shows the session's snapshots and sends what keys ask for."""

from dataclasses import replace
from typing import Any, ClassVar, cast

import msgspec
from textual import getters, on
from textual.app import ComposeResult
from textual.widgets import ContentSwitcher, Footer, Static

from engine.errors import escaped
from tui_lab.session import base
from tui_lab.session.base import Look, Session, Snapshot
from tui_lab.tui.actions import LOOKING, PROGRAM, bindings, lab_groups, tab_actions
from tui_lab.tui.host import LabHost
from tui_lab.tui.screens.ask import AskText, Trouble
from tui_lab.tui.screens.controls import Controls
from tui_lab.tui.screens.curve_keys import CurveKeys
from tui_lab.tui.tabs import TABS, TITLES, OutputTab, Tab
from tui_lab.tui.views import Choices
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.curve_grid import CurveGrid
from tui_lab.tui.widgets.curves import CurveChart, CurveOptions
from tui_lab.tui.widgets.health import HealthLine
from tui_lab.tui.widgets.layers import LayersTable
from tui_lab.tui.widgets.status import StatusLine
from tui_lab.tui.widgets.tab_line import TabLine
from tui_lab.tui.widgets.view_panel import ViewPanel
from tui_lab.tui.writing import write_screen

SMALLEST = (60, 16)
WAYS_ON = (
    "u or e changes what made it diverge, then space goes on from the last good checkpoint · r restarts · "
    "esc closes this"
)
SOON = (0.02, 0.06)  # seconds after a key at which the answer is looked for
SPARING_SECONDS = 2.0  # between two results of a probe on a slow link


class LabScreen(Controls, CurveKeys):
    """A run, live."""

    CSS_PATH = "lab.tcss"
    ALLOW_IN_MAXIMIZED_VIEW = "StatusLine, HealthLine, Footer"
    AUTO_FOCUS = ""  # an arrow key must not change a hyperparameter that nobody chose
    BINDINGS: ClassVar = bindings(tab_actions(TITLES), LOOKING, PROGRAM)
    actions = lab_groups(TITLES)
    help_text = (
        "The lab: a network that learns, and everything you may want to see of it. Press space to train, e to "
        "change a hyperparameter while it learns, 1 to 7 for other tabs."
    )
    app = getters.app(LabHost)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.curves = CurveOptions()
        self.shown = Snapshot(version=0, phase=base.LOADING)
        self.shown_notice = 0
        self.told = ""  # the trouble that was last told

    # -- what is on it ------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield TabLine(TITLES)
        yield Static(id="toosmall")
        with ContentSwitcher(initial=TITLES[0].lower()):
            for kind in TABS:
                yield kind(self.curves)
        yield HealthLine()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#toosmall", Static).update(
            f"tui-lab needs {SMALLEST[0]} × {SMALLEST[1]} cells;\nmake the window larger,\n"
            "or train without a screen:\ntui-lab train"
        )
        self.set_interval(1 / self.app.fps, self.tick)
        self.look()
        self.hint_once()
        self.tick()

    @property
    def tab(self) -> Tab:
        """The tab that is shown."""
        return self.query_one(f"#{self.tab_id}", Tab)

    @property
    def tab_id(self) -> str:
        return self.query_one(ContentSwitcher).current or TITLES[0].lower()

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
        snapshot, before = self.session.latest, self.shown
        if snapshot.version == before.version or (
            self.app.screen is not self and self.app.screen.is_modal is False
        ):
            return
        self.shown = snapshot
        if snapshot.pace != before.pace:
            self.refresh_bindings()
        if snapshot.notice[0] > self.shown_notice:
            self.shown_notice = snapshot.notice[0]
            self.notify(escaped(snapshot.notice[1]), timeout=4, markup=False)
        self.show(snapshot)
        if snapshot.probes != before.probes or snapshot.blocks != before.blocks:
            self.look()  # now it is known what there is to be seen
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
        for chart in self.query(CurveChart).results(CurveChart):
            chart.name_curves(snapshot)
        for panel in self.query(ViewPanel).results(ViewPanel):
            panel.follow(snapshot)
        self.tab.follow(snapshot)
        with self.app.batch_update():
            for widget in self.visible_widgets():
                widget.show(snapshot)

    def visible_widgets(self) -> list[CanvasWidget]:
        fixed = [self.query_one(StatusLine), self.query_one(HealthLine), self.query_one(TabLine)]
        return [*fixed, *self.tab.panels]

    def look(self) -> None:
        """Tell the session what to put into snapshots: only what is on the screen is computed."""
        tab, sparing = self.tab, self.app.low_bandwidth
        first, last = self.curves.window(self.session.latest)
        self.session.look(
            Look(
                first=first,
                last=last,
                layers=tab.shows_layers,
                views=tab.requests(sparing),
                seconds=SPARING_SECONDS if sparing else tab.seconds,
            )
        )

    def soon(self) -> None:
        """Look for the answer to a key before the next tick."""
        for seconds in SOON:
            self.set_timer(seconds, self.tick)

    def refresh_tab(self) -> None:
        """Show at once what a key changed."""
        for chart in self.query(CurveChart).results(CurveChart):
            chart.painted = 0.0
        self.show(self.session.latest)
        self.look()
        self.soon()

    def on_resize(self) -> None:
        if self.is_mounted:
            self.call_after_refresh(self.refresh_tab)

    def on_screen_resume(self) -> None:
        self.shown = msgspec.structs.replace(self.shown, version=0)
        self.soon()

    # -- looking ------------------------------------------------------------------------------------------

    def action_view(self, index: int) -> None:
        if self.maximized:
            self.minimize()
        self.query_one(ContentSwitcher).current = TITLES[index].lower()
        self.query_one(TabLine).choose(index)
        self.tab.arrive()
        self.call_after_refresh(self.refresh_tab)

    @on(TabLine.Chosen)
    def tab_clicked(self, event: TabLine.Chosen) -> None:
        self.action_view(event.index)

    @on(LayersTable.Chosen)
    def layer_chosen(self) -> None:
        self.refresh_tab()

    def action_maximize(self) -> None:
        if self.maximized:
            self.minimize()
        else:
            widgets = [w for w in self.visible_widgets() if isinstance(w, CurveChart | ViewPanel)]
            chosen = self.focused if isinstance(self.focused, CanvasWidget) else None
            if chosen or widgets:
                self.maximize(chosen or widgets[0])
        self.call_after_refresh(self.refresh_tab)

    def action_next_view(self) -> None:
        """The next view, in the focused panel or the left one; the next curves; else the tab of outputs."""
        if self.tab_id == "curves":
            self.query_one(CurveGrid).turn(1)
            self.call_after_refresh(self.refresh_tab)
        elif isinstance(self.tab, OutputTab):
            self.turn(self.tab.focused)
        else:
            self.action_view(TABS.index(OutputTab))

    def turn(self, panel: ViewPanel) -> None:
        """Show the next view in a panel of the outputs."""
        cast(OutputTab, self.tab).turn(panel)
        self.refresh_tab()

    @on(ViewPanel.NextWanted)
    def title_clicked(self, event: ViewPanel.NextWanted) -> None:
        if isinstance(self.tab, OutputTab):
            self.turn(event.panel)
        else:
            self.action_view(TABS.index(OutputTab))

    @property
    def choices(self) -> Choices:
        """What was chosen about all views."""
        return self.query(ViewPanel).first(ViewPanel).choices

    def choose(self, **changes: Any) -> None:
        """Choose something about all views."""
        for panel in self.query(ViewPanel).results(ViewPanel):
            panel.choices = replace(panel.choices, **changes)
        self.refresh_tab()

    def action_next_example(self) -> None:
        """Another example, text or target; of attention another head."""
        panel = self.tab.focused if isinstance(self.tab, OutputTab) else None
        if panel is None or not panel.choose_following():
            self.choose(index=self.choices.index + 1)

    def action_prompt(self) -> None:
        """Ask what the network should go on from."""

        def answered(text: str | None) -> None:
            if text is not None:
                self.choose(prompt=text.replace("\\n", "\n"))

        question = "What should it go on from, answer, or look over?"
        self.app.push_screen(AskText(question, self.choices.prompt), answered)

    def action_temper(self, factor: float) -> None:
        """More predictable or more surprising text."""
        temperature = min(max(round(self.choices.temperature * factor, 2), 0.1), 5.0)
        self.notify(f"temperature {temperature:g}", timeout=2)
        self.choose(temperature=temperature)

    def action_leave(self) -> None:
        """Escape goes one step back: from a maximized panel, a cursor, the form."""
        if self.maximized:
            self.minimize()
        elif self.curves.cursor is not None:
            self.curves.cursor = None
        else:
            self.set_focus(None)
        self.call_after_refresh(self.refresh_tab)

    def action_write(self) -> None:
        """Write the screen, and the chart that is looked at, as SVG and as text."""
        latest = self.session.latest
        chosen = next((w for w in self.visible_widgets() if w in (self.maximized, self.focused)), None)
        chart = chosen.canvas if chosen is not None else None
        stem = f"{latest.name}-{self.tab_id}-{latest.step}"
        try:
            files = write_screen(self, stem, chart, self.app.chart_style.palette)
        except OSError as error:
            self.notify(f"cannot write: {error}", severity="error", markup=False)
            return
        hint = "" if chart is not None else "\ntab or m chooses a chart to write by itself"
        self.notify(f"{escaped(', '.join(files))}{hint}", title="written", markup=False)

    # -- leaving ------------------------------------------------------------------------------------------

    def action_presets(self) -> None:
        self.session.close()
        self.app.session = None
        self.dismiss()

    def action_quit(self) -> None:
        self.session.close()
        self.app.exit(self.session.exit_code)
