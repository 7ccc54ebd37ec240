"""What keys do to the training: play, steps, pace, restart, edits."""

from typing import Any, ClassVar

from textual import on
from textual.screen import Screen

from engine.experiment import toml_value
from tui_lab import numbers
from tui_lab.session import base
from tui_lab.session.base import Session
from tui_lab.session.pace import faster, slower
from tui_lab.tui.actions import TRAINING, bindings
from tui_lab.tui.form import Row, named
from tui_lab.tui.screens.ask import AskValue, Confirm
from tui_lab.tui.widgets.hyper import HyperForm


class Controls(Screen):
    """Keys become commands to the session."""

    BINDINGS: ClassVar = bindings(TRAINING)
    session: Session
    watched_pace = 0.0  # to which `f` goes back from full speed

    @property
    def tab_id(self) -> str:
        """The tab that is shown."""
        raise NotImplementedError

    def soon(self) -> None:
        """ChartStyle for the answer to a key before the next tick."""
        raise NotImplementedError

    def send(self, command: base.Command) -> None:
        self.session.send(command)
        self.soon()

    def action_play(self) -> None:
        training = self.session.latest.phase == base.TRAINING
        self.send(base.Pause() if training else base.Play())

    def action_steps(self, count: int) -> None:
        self.send(base.Steps(count))

    def action_undo(self) -> None:
        self.send(base.Undo())

    def action_save(self) -> None:
        self.send(base.Save())

    def action_restart(self, new_seed: bool) -> None:
        experiment = self.session.latest.experiment
        seed = experiment.training.seed + 1 if new_seed and experiment else None
        self.send(base.Restart(seed))

    # -- pace ---------------------------------------------------------------------------------------------

    def action_pace(self, up: bool) -> None:
        now = self.session.latest.pace
        self.set_pace(faster(now) if up else slower(now))

    def action_full_speed(self) -> None:
        """Let go of the pace; and back to it."""
        now = self.session.latest.pace
        self.set_pace(0.0 if now else self.watched_pace or slower(0.0))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Full speed stands in the footer where there is a pace to let go of."""
        if action == "full_speed":
            return bool(self.session.latest.pace or self.watched_pace)
        return super().check_action(action, parameters)

    def set_pace(self, per_second: float) -> None:
        self.watched_pace = self.session.latest.pace or self.watched_pace
        self.send(base.Pace(per_second))
        self.notify(f"{numbers.pace(per_second)} · < slower, > faster, f full speed and back", timeout=3)

    # -- hyperparameters ----------------------------------------------------------------------------------

    def action_edit(self) -> None:
        form = self.query_one("#form", HyperForm)
        if self.tab_id == "overview" and form.display and form.size.width:
            form.focus()
            return
        from tui_lab.tui.screens.edit import EditScreen

        self.app.push_screen(EditScreen(self.session))

    @on(HyperForm.ChangeWanted)
    def change(self, event: HyperForm.ChangeWanted) -> None:
        self.change_field(event.row, event.value)

    @on(HyperForm.TypingWanted)
    def ask_value(self, event: HyperForm.TypingWanted) -> None:
        def answered(text: str | None) -> None:
            if text is not None and (text.strip() or isinstance(event.row.value, list)):
                self.change_field(event.row, toml_value(text.strip()))

        self.app.push_screen(AskValue(event.row), answered)

    def change_field(self, row: Row, value: Any) -> None:
        """Change a field: at once where it is live, else by a restart that the person agrees to."""
        if isinstance(row.value, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(row.value, list) and isinstance(value, str):
            value = named(row.value, value)
        if row.live:
            self.send(base.Edit(row.path, value))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.restart_with(row.path, value)

        question = (
            f"{row.path} cannot change while the network learns. Restart with the same seed and {value}?"
        )
        self.app.push_screen(Confirm(question), answered)

    def restart_with(self, path: str, value: Any) -> None:
        from engine.component import tree_of
        from engine.errors import InputError
        from engine.experiment import experiment_from, override_value

        try:
            tree = override_value(tree_of(self.session.latest.experiment), path, value)
            self.send(base.Restart(experiment=experiment_from(tree)))
        except InputError as error:
            self.notify(str(error), severity="error", markup=False)
