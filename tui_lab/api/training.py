"""train and resume: a run from Python, the same bits and the same files as from the command line."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.data import prepare
from engine.errors import TrainingError
from engine.experiment import dataset_key
from engine.launch import Launch
from engine.loop import TrainingLoop
from tui_lab.api.changes import Target, named_experiment, path_of, plain
from tui_lab.api.progress import progress_for
from tui_lab.api.run import Run, runs_folder


def train(
    target: Target,
    *,
    name: str | None = None,
    runs: str | Path | None = None,
    threads: int | None = None,
    minutes: float | None = None,
    progress: bool | None = None,
    **changes: Any,
) -> Run:
    """Train an experiment, a preset ("spiral"), a TOML file or a file of data to its end; gives the run.

    changes: see `read_experiment`. name: of the run; else the experiment's name and the time. runs: the directory of
    runs, else $TUI_LAB_RUNS, else ./runs. threads: at most; the result is the same for any number. minutes: end after
    this time. progress: show a line; None: in a notebook and on a terminal.

    Raises InputError for what cannot be trained, TrainingError where the loss is no longer finite. On Ctrl-C the run
    is saved before KeyboardInterrupt goes on; `resume("last")` continues it.
    """
    title, experiment = named_experiment(target, changes)
    launch = Launch(
        title,
        experiment,
        runs_folder(runs),
        name,
        threads=threads,
        deadline=60 * minutes if minutes else None,
    )
    return followed(launch, progress)


def resume(
    run: "str | Path | Run",
    *,
    more: int = 0,
    runs: str | Path | None = None,
    threads: int | None = None,
    minutes: float | None = None,
    progress: bool | None = None,
    **changes: Any,
) -> Run:
    """Go on with a run where it stopped, `more` steps beyond where it is, or to its end; gives the run.

    changes: of what may change while a network learns, as for `train`. Raises InputError where nothing is left to
    train, or a change cannot be made.
    """
    found = run if isinstance(run, Run) else Run.find(run, runs)
    experiment = found.directory.experiment()
    from engine.component import tree_of

    tree = tree_of(experiment)
    made = tuple((path_of(key, tree), plain(value)) for key, value in changes.items())
    launch = Launch(
        found.name, experiment, found.path.parent, run=found.directory, threads=threads, changes=made, more=more,
        deadline=60 * minutes if minutes else None,
    )  # fmt: skip
    return followed(launch, progress)


def followed(launch: Launch, wanted: bool | None) -> Run:
    """Train what a launch describes to its end."""
    experiment = launch.experiment
    loop = TrainingLoop(launch, prepare(*dataset_key(experiment)))
    shown = progress_for(wanted)
    with interruptible(loop):
        for chunk in loop:
            shown.note(launch.title, loop, chunk.log)
    shown.end(launch.title, loop)
    shown.close()
    assert loop.run is not None
    run = Run(loop.run.path)
    if loop.reason == "diverged":
        raise TrainingError((run.summary or {}).get("message") or "the loss is not finite any more")
    if loop.reason == "interrupted":
        raise KeyboardInterrupt(f"{run.path} is saved")
    return run


@contextmanager
def interruptible(loop: TrainingLoop) -> Iterator[None]:
    """While it lasts Ctrl-C saves and ends the run: no exception tears it apart in the middle of a step."""
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or before is None or before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: loop.interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
