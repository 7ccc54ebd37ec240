"""Pending edits: what has to be made to a run that is taken up at a checkpoint, and at which step."""

from msgspec.structs import replace

from engine.data import Dataset
from engine.edits import applied, changes, check_live
from engine.errors import InputError
from engine.events import EditEvent
from engine.experiment import Experiment
from engine.launch import LENGTHS, Launch
from engine.plan import resolve
from engine.runs import Checkpoint, RunDirectory


class PendingEdits:
    """Edits in the order of their steps, and the experiment they lead to."""

    def __init__(self, experiment: Experiment, dataset: Dataset) -> None:
        """`experiment`: that of the checkpoint, resolved."""
        self.edits: list[EditEvent] = []
        self.goal, self._dataset = experiment, dataset

    def add(self, edit: EditEvent) -> None:
        """An edit that the run's files know."""
        self.edits.append(edit)
        self.goal = applied(self.goal, edit.changes)

    def lead_to(self, wanted: Experiment, step: int, author: str) -> None:
        """Add an edit that leads to the wanted experiment, where it differs. Raises InputError, naming the field,
        where it differs in what cannot change while a network learns."""
        check_live(resolve(self.goal, self._dataset), resolve(wanted, self._dataset))
        made = changes(self.goal, wanted)
        if made:
            self.add(EditEvent(step=step, changes=made, author=author))

    @property
    def steps(self) -> int:
        """How many steps the run has in the end."""
        return resolve(self.goal, self._dataset).training.steps


def pending_edits(
    run: RunDirectory, checkpoint: Checkpoint, launch: Launch, dataset: Dataset
) -> list[EditEvent]:
    """The edits that the checkpoint does not know, then what experiment.toml and the launch change.

    An interrupted run makes its edits again at their steps, and new ones after them. A run that diverged is not led
    there again: it goes on from its checkpoint with all changes at once. Raises InputError where a change cannot be
    made, or leaves no step to train.
    """
    assert checkpoint.progress is not None
    experiment = replace(checkpoint.experiment, data=launch.experiment.data)
    pending = PendingEdits(experiment, dataset)
    lost = [edit for edit in run.edits() if edit.number > checkpoint.progress.edits]
    states, step = [experiment], checkpoint.step
    for edit in lost:
        states.append(applied(states[-1], edit.changes))
    if (run.summary() or {}).get("reason") == "diverged":
        pending.lead_to(states[-1], step, "")
    else:
        for edit in lost:
            pending.add(edit)
            step = max(step, edit.step)
    written = replace(run.experiment(), data=launch.experiment.data)
    if all(
        changes(state, written) for state in states
    ):  # by hand: a kill leaves the file one edit behind at most
        pending.lead_to(written, step, "file")
    pending.lead_to(launch.changed(pending.goal, step), step, launch.author)
    check_length(run, launch, pending.steps, checkpoint.step)
    return pending.edits


def check_length(run: RunDirectory, launch: Launch, steps: int, reached: int) -> None:
    """Raise InputError where the launch's changes leave no step to train."""
    if not launch.changes or steps > reached:
        return
    if any(path in LENGTHS for path, _ in launch.changes):
        raise InputError(
            f"{run.name} has {reached:,} steps already; --steps and --epochs count from the beginning: "
            f"give more than {reached:,} steps, or --more N"
        )
    raise InputError(f"{run.name} has ended at step {reached:,}; add --steps N above it, or --more N")
