"""What a screen may ask of a run: commands go in, immutable snapshots come out. Nothing else stands between."""

from typing import Any, Protocol

import msgspec

from engine.diagnostics import Finding, LayerState
from engine.experiment import Experiment
from engine.probes import Probe
from tui_lab.session.history import Buckets

LOADING, COMPILING, READY, TRAINING, PAUSED = "loading", "compiling", "ready", "training", "paused"
ENDED, FAILED = "ended", "failed"


class Command(msgspec.Struct, frozen=True):
    """Something a person wants of a session."""


class Play(Command, frozen=True):
    """Train, or go on training."""


class Pause(Command, frozen=True):
    """Stop after the present step."""


class Steps(Command, frozen=True):
    """Train `count` steps, then pause; 0 means one epoch."""

    count: int = 1


class Edit(Command, frozen=True):
    """Change a field of the experiment: `path` is dotted ("optimizer.lr"), `value` plain TOML values."""

    path: str
    value: Any


class Undo(Command, frozen=True):
    """Take back the last edit."""


class Pace(Command, frozen=True):
    """Train so many steps a second, for a person to watch; 0 is full speed. The steps compute the same."""

    steps_per_second: float = 0.0


class Save(Command, frozen=True):
    """Write a checkpoint now."""


class Restart(Command, frozen=True):
    """Begin anew, with the same seed or the given one, and with `experiment` where one is given."""

    seed: int | None = None
    experiment: Experiment | None = None


class Look(msgspec.Struct, frozen=True):
    """What the screen looks at: only that is computed."""

    first: int = 0  # step of the curves
    last: int | None = None  # None: to the present step
    layers: bool = False
    views: dict[str, Probe] = {}  # what is taken for each view that is shown, by the view's name
    seconds: float = 0.5  # at least this long between two results of a probe


class Snapshot(msgspec.Struct, frozen=True, eq=False):
    """A run at one moment."""

    version: int
    phase: str
    message: str = ""  # what is being waited for, or what failed
    notice: tuple[int, str] = (0, "")  # the number and text of the last word to the person
    name: str = ""
    path: str = ""
    experiment: Experiment | None = None
    blocks: tuple[tuple[str, str, tuple[int, ...], int], ...] = ()  # name, kind, shape, parameters
    parameters: int = 0
    data: dict[str, Any] = {}  # task, classes, input_shape, sizes, targets, features
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    steps_per_second: float = 0.0
    pace: float = 0.0  # steps a second that a person wants to see; 0: full speed
    log: dict[str, Any] = {}  # the last measurements
    metric: str = ""  # the headline metric
    best: dict[str, Any] | None = None
    end: dict[str, Any] | None = None
    curves: dict[str, Buckets] = {}
    events: tuple[dict[str, Any], ...] = ()
    edits: int = 0  # that can be undone
    findings: tuple[Finding, ...] = ()
    layers: tuple[LayerState, ...] = ()
    probes: tuple[Probe, ...] = ()  # what can be seen of this run
    views: dict[str, Any] = {}  # what the probes gave that were asked for, by the names of the views


class Session(Protocol):
    """A run that can be watched and steered, in this process or elsewhere."""

    @property
    def latest(self) -> Snapshot:
        """The newest snapshot; its `version` grows with every change."""

    @property
    def exit_code(self) -> int:
        """What the process should end with: 0, 1 where the training failed, 2 where the input was bad."""

    def send(self, command: Command) -> None:
        """Ask for something; it happens between two chunks of steps."""

    def look(self, look: Look) -> None:
        """Say what should be in the next snapshots."""

    def close(self) -> None:
        """Save, end and wait until it is done."""
